/** `POST /battery/{deviceId}`: judge, commit, answer 202. Nothing is changed by a refusal. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { idempotencyOf } from "../api/idempotency.ts";
import type { Identity } from "../api/identity.ts";
import { identityOf } from "../api/request.ts";
import type { Action } from "../storage/actions/action.ts";
import { getAction } from "../storage/actions/get-action.ts";
import type { IdempotencyKey } from "../storage/idempotency/idempotent-request.ts";
import { type PushOutcome, RETRY_AFTER_SECONDS } from "./acceptor.ts";
import type { KnownDevice } from "./device-catalogue.ts";
import { findDevice } from "./device-routes.ts";
import { type PushBody, readPush } from "./read-push.ts";
import { Refusal } from "./refusals.ts";
import { actionResource } from "./resources.ts";
import type { BatteryContext } from "./context.ts";
import {
  ActionOut,
  answers,
  DeviceParams,
  NoQuerySchema,
  PushBody as PushBodySchema,
} from "./schemas.ts";

export function registerPushRoute(app: FastifyInstance, context: BatteryContext): void {
  const devices = new WeakMap<FastifyRequest, KnownDevice>();
  app.post<{ Body: PushBody }>("/battery/:deviceId", {
    schema: {
      operationId: "battery.push",
      summary: "Push an action to a battery",
      description:
        "Answers once the action is durable. `push.completed` or `push.failed` tells how it ended. " +
        "With an `Idempotency-Key`, the same request returns the same action.",
      tags: ["Battery"],
      params: DeviceParams,
      querystring: NoQuerySchema,
      body: PushBodySchema,
      response: answers(202, ActionOut),
    },
    config: { ownIdempotency: true, intake: true },
    // A device that is not there is 404, whatever the body says.
    preValidation: async (request) => {
      devices.set(request, await findDevice(context, request));
    },
    handler: async (request, reply) => {
      const known = devices.get(request);
      if (known === undefined) throw new Error("The device was not looked up.");
      const { id: requestId, body } = request;
      const identity = identityOf(request);
      const idempotency = idempotencyOf(request);
      const action = await push(context, { requestId, identity, known, body, idempotency });
      return context.envelope.success(reply, 202, actionResource(action));
    },
  });
}

/** A push to a battery that is there, by someone who may. */
export interface AskedPush {
  requestId: string;
  identity: Identity;
  known: KnownDevice;
  body: PushBody;
  idempotency: IdempotencyKey | null;
}

/** Once this resolves the action is durable. @throws Refusal when the push was not accepted */
export async function push(context: BatteryContext, asked: AskedPush): Promise<Action> {
  const { requestId, known, body, idempotency } = asked;
  const { environmentId, mode } = asked.identity;
  const { deviceId, deviceType, bucket, userId } = known.device;
  const read = readPush(body, { known, mode, now: context.clock.now() });
  const place = { environmentId, deviceId, deviceType, bucket, userId };
  const actionId = context.ids.make("act_");
  const outcome = await context.acceptor.accept({ ...place, actionId, ...read, idempotency });
  const action = await actionOf(environmentId, outcome, context);
  const made = action.actionId;
  context.log.debug({ requestId, actionId: made, deviceId }, "Action accepted.");
  return action;
}

async function actionOf(
  environmentId: string,
  outcome: PushOutcome,
  { storage }: BatteryContext,
): Promise<Action> {
  if (outcome.kind === "accepted") return outcome.action;
  if (outcome.kind !== "replayed") throw refusalOfPush(outcome);
  const action = await getAction(storage, environmentId, outcome.actionId);
  if (action === undefined) throw new Error(`The action ${outcome.actionId} is not there.`);
  return action;
}

function refusalOfPush(outcome: Exclude<PushOutcome, { kind: "accepted" | "replayed" }>): Refusal {
  switch (outcome.kind) {
    case "in_progress":
      return new Refusal("CONFLICT", {
        details: {
          reason: "action_in_progress",
          conflictingActionIds: outcome.conflictingActionIds,
          strategies: [],
        },
      });
    case "idempotency_mismatch":
      return new Refusal("INVALID_REQUEST", {
        message: "This Idempotency-Key was used for another request; use a new key for a new push.",
        details: { reason: "idempotency.mismatch", field: "Idempotency-Key" },
      });
    default:
      return new Refusal("RATE_LIMIT_EXCEEDED", {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
        details: { retryAfterSeconds: RETRY_AFTER_SECONDS },
      });
  }
}
