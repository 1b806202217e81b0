/** Finds what a path names within the caller's environment; everything else is 404. */
import type { FastifyRequest } from "fastify";
import { AsyncLocalStorage } from "node:async_hooks";
import { type Found, Lookups } from "../core/lookups.ts";
import type { Clock } from "../core/types.ts";
import type { Application } from "../storage/applications/application.ts";
import { findApplication } from "../storage/applications/find-application.ts";
import type { Endpoint, EndpointKey } from "../storage/endpoints/endpoint.ts";
import { findEndpoint } from "../storage/endpoints/find-endpoint.ts";
import { getMessage } from "../storage/messages/get-message.ts";
import type { Message } from "../storage/messages/message.ts";
import type { Storage } from "../storage/storage.ts";
import { notFound } from "./errors.ts";
import type { Identity } from "./identity.ts";
import { identityOf, pathName } from "./request.ts";

export interface ApplicationPath {
  appId: string;
}
export interface EndpointPath extends ApplicationPath {
  endpointId: string;
}
export interface MessagePath extends ApplicationPath {
  msgId: string;
}

/** Publishing looks its application up this rarely; so long a deleted one still takes messages. */
const CACHE_MS = 1_000;
const CACHED_MAX = 10_000;

export class Scope {
  readonly #storage: Storage;
  readonly #applicationIds: Lookups<string>;

  constructor(storage: Storage, clock: Clock) {
    this.#storage = storage;
    this.#applicationIds = new Lookups({ clock, keptMs: CACHE_MS, keptMax: CACHED_MAX });
  }

  /** @throws 404 */
  async application(request: FastifyRequest, { appId }: ApplicationPath): Promise<Application> {
    const { environmentId } = identityOf(request);
    const name = pathName(appId, "Application");
    const found = await findApplication(this.#storage, environmentId, name);
    if (found === undefined) throw notFound("Application");
    return found;
  }

  /** The application's id, remembered for a second; undefined when there is none. @throws 404 */
  applicationId(identity: Identity, appId: string): string | Promise<string | undefined> {
    const { environmentId } = identity;
    const name = pathName(appId, "Application");
    return this.knownApplicationId(identity, name) ?? this.#find(environmentId, name);
  }

  /** If it is remembered; may be asked outside of the wall between tenants. */
  knownApplicationId({ environmentId }: Identity, name: string): string | undefined {
    return this.#applicationIds.get(`${environmentId} ${name}`);
  }

  #find(environmentId: string, name: string): Promise<string | undefined> {
    // Looked up again on behalf of whoever asked first: who does it then may be outside of the wall.
    const lookUp = AsyncLocalStorage.bind(async (): Promise<Found<string> | undefined> => {
      const found = await findApplication(this.#storage, environmentId, name);
      return found && { value: found.applicationId };
    });
    return this.#applicationIds.lookUp(`${environmentId} ${name}`, lookUp);
  }

  /** @throws 404 */
  async endpoint(
    request: FastifyRequest,
    path: EndpointPath,
  ): Promise<{ endpoint: Endpoint; key: EndpointKey }> {
    const { applicationId } = await this.application(request, path);
    const name = pathName(path.endpointId, "Endpoint");
    const endpoint = await findEndpoint(this.#storage, applicationId, name);
    if (endpoint === undefined) throw notFound("Endpoint");
    return { endpoint, key: { applicationId, endpointId: endpoint.endpointId } };
  }

  /** @throws 404 */
  async message(
    request: FastifyRequest,
    path: MessagePath,
    withContent = false,
  ): Promise<{ message: Message; applicationId: string }> {
    const { applicationId } = await this.application(request, path);
    const idOrEventId = pathName(path.msgId, "Message");
    const message = await getMessage(this.#storage, { applicationId, idOrEventId }, withContent);
    if (message === undefined) throw notFound("Message");
    return { message, applicationId };
  }
}
