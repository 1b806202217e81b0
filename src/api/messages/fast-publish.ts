/** Publishing beside the framework (`fast-path/route.ts`): the same message, stored and answered in the same words. */
import type { TenantWall } from "../../storage/tenant-wall.ts";
import type { ApiDeps } from "../deps.ts";
import { logError, toApiError } from "../error-handling.ts";
import { renderError } from "../errors.ts";
import type { FastCall, FastResult, FastRoute } from "../fast-path/route.ts";
import type { Identity } from "../identity.ts";
import { OPEN_TO_ALL_ORIGINS, WEBHOOK_API_PATH } from "../open-origins.ts";
import { callerOf } from "../request.ts";
import type { Scope } from "../scope.ts";
import { type PublishedMessage, readPublished, storePublished } from "./publish.ts";
import { MessageIn, OPAQUE_MEMBERS, renderMessage } from "./schema.ts";

const ACCEPTED = 202;

export class FastPublish implements FastRoute<PublishedMessage, string> {
  readonly template = `${WEBHOOK_API_PATH}/app/:appId/msg`;
  /** Svix's libraries ask for no content. */
  readonly target = /^\/api\/v1\/app\/([\w.-]{1,256})\/msg(?:\?with_content=(true|false))?$/;
  readonly shape = MessageIn;
  readonly opaque = OPAQUE_MEMBERS;
  readonly headers = { ...OPEN_TO_ALL_ORIGINS, "content-type": "application/json" };
  readonly #deps: ApiDeps;
  readonly #scope: Scope;
  readonly #wall: TenantWall;

  constructor(deps: ApiDeps, scope: Scope, wall: TenantWall) {
    this.#deps = deps;
    this.#scope = scope;
    this.#wall = wall;
  }

  read(body: MessageIn, slices: ReadonlyMap<string, Buffer>): PublishedMessage | undefined {
    // An application that is brought along may have to be made first.
    if (body.application) return undefined;
    return readPublished({ body, slices }, this.#deps.clock.now());
  }

  known(identity: Identity, [name = ""]: readonly (string | undefined)[]): string | undefined {
    return this.#scope.knownApplicationId(identity, name);
  }

  async find(
    identity: Identity,
    [name = ""]: readonly (string | undefined)[],
  ): Promise<string | undefined> {
    const find = (): string | Promise<string | undefined> =>
      this.#scope.applicationId(identity, name);
    return await this.#wall.run(callerOf(identity), find);
  }

  answer(call: FastCall<PublishedMessage, string>, tell: (result: FastResult) => void): void {
    const { requestId, url, names, identity, input, place: applicationId, idempotency } = call;
    const { environmentId } = identity;
    const withContent = names[1] !== "false";
    storePublished(
      this.#deps,
      { requestId, environmentId, applicationId, idempotency, published: input },
      (message) =>
        tell({ status: ACCEPTED, body: renderMessage(message, withContent, input.isObject) }),
      (error) => {
        const refusal = toApiError(error);
        logError(this.#deps.log, { id: requestId, url }, refusal);
        const { status, headers } = refusal;
        tell({ status, body: renderError(refusal), headers });
      },
    );
  }
}
