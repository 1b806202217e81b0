/**
 * Publishes of callers who may, with bodies that are as they should be: what their route does, without what only
 * other requests need. Whatever has to be refused before it is stored is left to the route, which says why.
 */
import { Compile } from "typebox/compile";
import type { TenantWall } from "../../storage/tenant-wall.ts";
import type { Admission } from "../admission.ts";
import type { ApiDeps } from "../deps.ts";
import { logError, toApiError } from "../error-handling.ts";
import { digestIdempotency } from "../idempotency.ts";
import type { Asked as AskedBy, Identity } from "../identity.ts";
import { readJson } from "../json-body.ts";
import { type PublishedMessage, readPublished, storePublished } from "../messages/publish.ts";
import { MessageIn, OPAQUE_MEMBERS, renderMessage } from "../messages/schema.ts";
import { callerOf } from "../request.ts";
import type { RequestWatch } from "../request-watch.ts";
import type { Scope } from "../scope.ts";
import type { Answer, Answers } from "./answers.ts";
import type { FastConnection } from "./connection.ts";
import type { FastRequest, RequestHead } from "./request-head.ts";

const METHOD = "POST";
const ROUTE = "/api/v1/app/:appId/msg";
const ACCEPTED = 202;

interface Publisher {
  identity: Identity;
  applicationId: string;
}

interface Asked {
  request: FastRequest;
  published: PublishedMessage;
  /** Of the monotonic clock. */
  startedAt: number;
}

/** Undefined: the usual way has to answer. */
export type Serving = Promise<Answer | undefined> | undefined;

function mayPublish({ scope, portal }: Identity): boolean {
  return scope === "full" && portal === null;
}

function askedBy({ credential }: RequestHead, { socket }: FastConnection): AskedBy {
  const headers = { "x-api-key": credential };
  return { headers, ip: socket.remoteAddress ?? "", method: METHOD, query: {} };
}

export interface FastPublisherOptions {
  deps: Pick<ApiDeps, "authenticate" | "clock" | "engine" | "known" | "log">;
  scope: Scope;
  wall: TenantWall;
  admission: Admission;
  watch: RequestWatch;
  nextRequestId: () => string;
  answers: Answers;
}

export class FastPublisher {
  readonly #options: FastPublisherOptions;
  readonly #shape = Compile(MessageIn);

  constructor(options: FastPublisherOptions) {
    this.#options = options;
  }

  /** @returns undefined when the route has to answer; nothing was stored then, nor counted */
  serve(request: FastRequest, connection: FastConnection): Serving {
    const { admission } = this.#options;
    const startedAt = performance.now();
    if (admission.refusesIntake(connection.socket)) return undefined;
    const published = this.#read(request);
    if (published === undefined) return undefined;
    const publisher = this.#knownPublisher(request, connection);
    if (!admission.hold(request.body.length)) return undefined;
    const asked = { request, published, startedAt };
    return publisher === undefined
      ? this.#storeForUnknown(asked, connection)
      : this.#store(asked, publisher);
  }

  #read({ body }: FastRequest): PublishedMessage | undefined {
    const json = readJson(body, { opaque: OPAQUE_MEMBERS });
    if (!json.ok || !this.#shape.Check(json.value)) return undefined;
    const { value, slices } = json;
    // An application that is brought along may have to be made first.
    if (value.application) return undefined;
    try {
      return readPublished({ body: value, slices }, this.#options.deps.clock.now());
    } catch {
      return undefined;
    }
  }

  /** A caller and an application that were found a moment ago. */
  #knownPublisher({ head }: FastRequest, connection: FastConnection): Publisher | undefined {
    const { deps, scope } = this.#options;
    const identity = deps.known.get(head.credential);
    if (identity === undefined || !mayPublish(identity)) return undefined;
    const applicationId = scope.knownApplicationId(identity, head.application);
    if (applicationId === undefined) return undefined;
    const counted = deps.authenticate(askedBy(head, connection));
    return counted instanceof Promise || !counted.ok ? undefined : { identity, applicationId };
  }

  async #storeForUnknown(asked: Asked, connection: FastConnection): Promise<Answer | undefined> {
    const publisher = await connection.pausing(this.#findPublisher(asked.request, connection));
    if (publisher !== undefined) return await this.#store(asked, publisher);
    this.#options.admission.release(asked.request.body.length);
    return undefined;
  }

  async #findPublisher(
    { head }: FastRequest,
    connection: FastConnection,
  ): Promise<Publisher | undefined> {
    const { deps, scope, wall } = this.#options;
    const who = askedBy(head, connection);
    try {
      // Quietly first: what is left to the route is counted there.
      const answer = await deps.authenticate(who, true);
      if (!answer.ok || !mayPublish(answer.identity)) return undefined;
      const { identity } = answer;
      const find = (): string | Promise<string | undefined> =>
        scope.applicationId(identity, head.application);
      const applicationId = await wall.run(callerOf(identity), find);
      if (applicationId === undefined) return undefined;
      const { ok } = await deps.authenticate(who);
      return ok ? { identity, applicationId } : undefined;
    } catch {
      // The database, as a rule. The route meets it too.
      return undefined;
    }
  }

  async #store(
    { request, published, startedAt }: Asked,
    { identity, applicationId }: Publisher,
  ): Promise<Answer> {
    const { admission, answers, deps, nextRequestId, watch } = this.#options;
    const { url, withContent, idempotencyKey: key } = request.head;
    const requestId = nextRequestId();
    const keyed = { method: METHOD, url, identity, rawBody: request.body };
    const idempotency = key === undefined ? null : digestIdempotency(key, keyed);
    const { environmentId } = identity;
    let status = ACCEPTED;
    let answer: Answer;
    try {
      const place = { requestId, environmentId, applicationId, idempotency };
      const message = await storePublished(deps, place, published);
      answer = answers.write(status, renderMessage(message, withContent, published.isObject));
    } catch (error) {
      const refusal = toApiError(error);
      logError(deps.log, { id: requestId, url }, refusal);
      ({ status } = refusal);
      answer = answers.refuse(refusal);
    }
    admission.release(request.body.length);
    const ms = performance.now() - startedAt;
    watch({ requestId, method: METHOD, url, route: ROUTE, status, ms });
    return answer;
  }
}
