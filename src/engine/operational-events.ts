/** Which operational events an attempt leads to (`svix-api.md` §10): few attempts have any. */
import { SCHEDULED } from "../core/attempt-outcome.ts";
import type { IdSource } from "../core/ids.ts";
import type { AttemptEvent } from "../storage/operational/publish-attempt-events.ts";
import type { Attempted } from "./attempt.ts";

/** Failures of one chain after which the sender of the message is warned. */
const FAILURES_TO_WARN = 4;

function typeOf({ delivery, decision, record }: Attempted): AttemptEvent["type"] | undefined {
  if (delivery.trigger !== SCHEDULED || record.errorCode === "payload_gone") return undefined;
  if (decision.succeeded) {
    return delivery.attempts >= FAILURES_TO_WARN ? "message.attempt.recovered" : undefined;
  }
  if (decision.retryDelayMs === null) return "message.attempt.exhausted";
  return delivery.attempts + 1 === FAILURES_TO_WARN ? "message.attempt.failing" : undefined;
}

export function attemptEvents(attempted: Attempted, ids: IdSource): AttemptEvent[] {
  const type = typeOf(attempted);
  if (type === undefined) return [];
  const { applicationId, endpointId, messageId, attemptId, ...record } = attempted.record;
  const lastAttempt = {
    id: attemptId,
    responseStatusCode: record.responseStatus,
    timestamp: new Date(record.attemptedAt).toISOString(),
  };
  const key = { applicationId, endpointId, messageId };
  return [{ ...key, eventId: ids.make("msg_"), type, extra: { lastAttempt } }];
}
