/**
 * One attempt, start to end: address → sign → send → decide → record. Each step is a small function
 * over what the one before made; nothing here waits for anything but the receiver.
 */
import { type Decision, decide } from "../core/attempt-outcome.ts";
import type { IdSource } from "../core/ids.ts";
import type { Sender, SendRequest, SendResult } from "../core/send-result.ts";
import { sentHeaders } from "../core/sent-headers.ts";
import { signatureHeader, type SigningKey } from "../core/signature.ts";
import type { Clock, Span, Tracer, UnixMs } from "../core/types.ts";
import type { AttemptRecord } from "../storage/attempts/record-attempts.ts";
import type { DueDelivery } from "../storage/deliveries/claim-due.ts";
import type { Target } from "../storage/endpoints/load-targets.ts";

export interface AttemptTools {
  sender: Sender;
  clock: Clock;
  ids: IdSource;
  /** Uniform in [0, 1), for jitter. */
  random: () => number;
  /** The server's; endpoints may have their own. */
  schedule: readonly number[];
  timeoutMs: number;
  userAgent: string;
  tracer?: Tracer | undefined;
}

export interface Attempted {
  delivery: DueDelivery;
  target: Target;
  result: SendResult;
  decision: Decision;
  record: AttemptRecord;
}

const EMPTY = Buffer.alloc(0);

function sign(
  { messageId, eventType }: DueDelivery,
  body: Buffer,
  { target, tools, at }: { target: Target; tools: AttemptTools; at: UnixMs },
): SendRequest {
  const timestampSeconds = Math.floor(at / 1000);
  const keys: SigningKey[] = [];
  for (const { key, expiresAt } of target.keys) {
    if (expiresAt === null || expiresAt > at) keys.push(key);
  }
  const signature = signatureHeader(keys, { messageId, timestampSeconds, body });
  const { headers: custom } = target;
  const { userAgent, timeoutMs } = tools;
  const sent = { custom, userAgent, messageId, eventType, timestampSeconds, signature };
  return { url: target.url, body, timeoutMs, headers: sentHeaders(sent) };
}

/** Why an HTTP answer that is no success counts as a failure, in words. */
function statusError(status: number): string {
  if (status >= 300 && status < 400)
    return `The receiver answered ${status}; redirects are not followed.`;
  return `The receiver answered ${status}; only 2xx means delivered.`;
}

/** PostgreSQL stores no NUL in text, and one refused result would hold up its whole batch. */
function failureMessage(result: SendResult): string {
  const message = result.kind === "response" ? statusError(result.status) : result.message;
  return message.replaceAll("\0", "\uFFFD");
}

function toRecord(
  attempted: Omit<Attempted, "record">,
  sent: { attemptId: string; at: UnixMs; signature: string | null },
): AttemptRecord {
  const { delivery, target, result, decision } = attempted;
  const answered = result.kind === "response";
  const failure = answered ? "status" : result.code;
  return {
    bucket: delivery.bucket,
    epoch: delivery.epoch,
    applicationId: delivery.applicationId,
    endpointId: delivery.endpointId,
    messageId: delivery.messageId,
    trigger: delivery.trigger,
    attemptId: sent.attemptId,
    eventType: delivery.eventType,
    channels: delivery.channels,
    succeeded: decision.succeeded,
    responseStatus: answered ? result.status : 0,
    responseBody: answered ? result.body : EMPTY,
    responseTruncated: answered && result.truncated,
    responseHeaders: answered ? result.responseHeaders : null,
    signature: sent.signature,
    durationMs: Math.round(result.durationMs),
    errorCode: decision.succeeded ? null : failure,
    errorMessage: decision.succeeded ? null : failureMessage(result),
    url: target.url,
    attemptedAt: sent.at,
    retryDelayMs: decision.retryDelayMs,
  };
}

/** Below the span that accepted the event, while this node remembers it; else a trace of its own. */
function beginSpan(delivery: DueDelivery, tracer: Tracer | undefined): Span | undefined {
  return tracer?.begin(
    "amps.attempt",
    {
      "amps.message_id": delivery.messageId,
      "amps.endpoint_id": delivery.endpointId,
      "amps.trigger": delivery.trigger === 0 ? "scheduled" : "manual",
      "amps.failures_before": delivery.attempts,
    },
    delivery.trace ?? null,
  );
}

/** An attempt under way. */
export interface Begun {
  delivery: DueDelivery;
  target: Target;
  at: UnixMs;
  signature: string | null;
  span: Span | undefined;
  /** Never rejects for what a receiver does: a failed attempt is data. */
  result: Promise<SendResult>;
}

const PAYLOAD_GONE: SendResult = {
  kind: "error",
  code: "payload_gone",
  message: "The payload was expunged or its retention ended; nothing was sent.",
  durationMs: 0,
};

/** Sends; of a delivery whose payload is gone (expunged, or past retention) nothing, and it is its last. */
export function beginAttempt(delivery: DueDelivery, target: Target, tools: AttemptTools): Begun {
  const at = tools.clock.now();
  const { payload } = delivery;
  if (payload === null) {
    const result = Promise.resolve(PAYLOAD_GONE);
    return { delivery, target, at, signature: null, span: undefined, result };
  }
  const span = beginSpan(delivery, tools.tracer);
  const request = sign(delivery, payload, { target, tools, at });
  const signature = request.headers["svix-signature"] ?? null;
  return { delivery, target, at, signature, span, result: tools.sender.send(request) };
}

/** What follows from its result. */
export function conclude(begun: Begun, result: SendResult, tools: AttemptTools): Attempted {
  const { delivery, target, at, signature, span } = begun;
  const decision = decide({
    result,
    trigger: delivery.trigger,
    failuresBefore: delivery.attempts,
    schedule: target.retryScheduleMs ?? tools.schedule,
    failingSince: target.failingSince,
    now: tools.clock.now(),
    random: tools.random(),
  });
  const attemptId = tools.ids.make("atmpt_");
  const record = toRecord({ delivery, target, result, decision }, { attemptId, at, signature });
  span?.end(
    { "http.response.status_code": record.responseStatus, "amps.attempt_id": record.attemptId },
    record.errorCode ?? undefined,
  );
  return { delivery, target, result, decision, record };
}
