/**
 * What follows from one attempt (`contract.md` §6). Pure: result in, decision out.
 *
 *   waiting ─due─► in flight ─2xx─► delivered
 *      ▲              ├─ failure, attempts left ─► waiting (backed off)
 *      │              ├─ failure, none left, or abort-message ─► exhausted ─ resend ─► waiting
 *      └── endpoint disabled: parked, visible, replayable
 */
import { disablesAt } from "./failing.ts";
import { honourRetryAfter, parseRetryAfter, retryDelayMs } from "./retry.ts";
import type { SendResult } from "./send-result.ts";
import type { UnixMs } from "./types.ts";

/** 0 scheduled: part of the retry chain. 1 manual: a single attempt (resend, recover). */
export type Trigger = 0 | 1;
export const SCHEDULED = 0;
export const MANUAL = 1;

export type DisableReason = "gone" | "asked_by_receiver" | "failing_for_5_days";

export interface Decision {
  succeeded: boolean;
  /** Null: the delivery ends here, delivered or exhausted. */
  retryDelayMs: number | null;
  /** Set when the endpoint has to be disabled because of this attempt. */
  disable: DisableReason | null;
}

export interface DecisionInput {
  result: SendResult;
  trigger: Trigger;
  /** Failed attempts of the chain before this one. */
  failuresBefore: number;
  schedule: readonly number[];
  /** First failure since the endpoint's last success, before this attempt. */
  failingSince: UnixMs | null;
  now: UnixMs;
  /** Uniform in [0, 1). */
  random: number;
}

const STATUS_GONE = 410;

function isSuccess(result: SendResult): boolean {
  return result.kind === "response" && result.status >= 200 && result.status < 300;
}

function disableReason(input: DecisionInput): DisableReason | null {
  const { result, failingSince, now } = input;
  if (result.kind === "response") {
    if (result.headers.webhookDelivery === "disable") return "asked_by_receiver";
    if (result.status === STATUS_GONE) return "gone";
  }
  if (isSuccess(result) || failingSince === null) return null;
  return now >= disablesAt(failingSince) ? "failing_for_5_days" : null;
}

const ENDED: Decision = { succeeded: false, retryDelayMs: null, disable: null };

export function decide(input: DecisionInput): Decision {
  const { result, schedule, failuresBefore, now } = input;
  // There will never be anything to send, and the receiver has no part in that.
  if (result.kind === "error" && result.code === "payload_gone") return ENDED;
  const disable = disableReason(input);
  if (isSuccess(result)) return { succeeded: true, retryDelayMs: null, disable };
  const aborted = result.kind === "response" && result.headers.webhookDelivery === "abort-message";
  if (input.trigger === MANUAL || aborted) return { succeeded: false, retryDelayMs: null, disable };
  const planned = retryDelayMs(schedule, failuresBefore + 1, input.random);
  if (planned === null) return { succeeded: false, retryDelayMs: null, disable };
  const asked =
    result.kind === "response" ? parseRetryAfter(result.headers.retryAfter, now) : undefined;
  return { succeeded: false, retryDelayMs: honourRetryAfter(planned, asked), disable };
}
