/** Pushing beside the framework (`api/fast-path/route.ts`): the same action, stored and answered in the same words. */
import type { FastCall, FastResult, FastRoute } from "../api/fast-path/route.ts";
import type { Identity } from "../api/identity.ts";
import { callerOf } from "../api/request.ts";
import type { TenantWall } from "../storage/tenant-wall.ts";
import type { BatteryContext } from "./context.ts";
import type { KnownDevice } from "./device-catalogue.ts";
import { type AnsweredRequest, ENVELOPE_HEADERS } from "./envelope.ts";
import { push } from "./push-route.ts";
import type { PushBody } from "./read-push.ts";
import { toRefusal } from "./refusals.ts";
import { actionResource } from "./resources.ts";
import { PushBody as PushBodySchema } from "./schemas.ts";

const ACCEPTED = 202;

export class FastPush implements FastRoute<PushBody, KnownDevice> {
  readonly template = "/battery/:deviceId";
  readonly target = /^\/battery\/([\w.()-]{1,256})$/;
  readonly shape = PushBodySchema;
  readonly opaque = [];
  readonly headers = ENVELOPE_HEADERS;
  readonly #context: BatteryContext;
  readonly #wall: TenantWall;

  constructor(context: BatteryContext, wall: TenantWall) {
    this.#context = context;
    this.#wall = wall;
  }

  read(body: PushBody): PushBody {
    return body;
  }

  known(
    { environmentId }: Identity,
    [deviceId = ""]: readonly (string | undefined)[],
  ): KnownDevice | undefined {
    return this.#context.catalogue.known({ environmentId, deviceId });
  }

  find(
    { environmentId }: Identity,
    [deviceId = ""]: readonly (string | undefined)[],
  ): Promise<KnownDevice | undefined> {
    return this.#context.catalogue.find({ environmentId, deviceId });
  }

  answer(call: FastCall<PushBody, KnownDevice>, tell: (result: FastResult) => void): void {
    void this.#push(call).then(tell);
  }

  async #push(call: FastCall<PushBody, KnownDevice>): Promise<FastResult> {
    const { envelope, log } = this.#context;
    const { requestId, url, identity, input: body, place: known, idempotency, startedAt } = call;
    const answered = (): AnsweredRequest => ({
      requestId,
      environment: identity.mode,
      latencyMs: performance.now() - startedAt,
    });
    try {
      const asked = { requestId, identity, known, body, idempotency };
      const action = await this.#wall.run(callerOf(identity), () => push(this.#context, asked));
      return { status: ACCEPTED, body: envelope.successBody(actionResource(action), answered()) };
    } catch (error) {
      const refusal = toRefusal(error, { id: requestId, url }, log);
      const { status, headers } = refusal;
      return { status, body: envelope.refusalBody(refusal, answered()), headers };
    }
  }
}
