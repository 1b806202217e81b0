/** The far side of every endpoint: what it answers, and when. */
import type { SendResponse, SendResult } from "../../src/core/send-result.ts";
import type { Random } from "./random.ts";

export const TIMEOUT_MS = 2_000;
const SLOW_MS_MAX = 1_500;
const RETRY_AFTER_SECONDS_MAX = 8;

type Behaviour =
  | "ok"
  | "fails"
  | "gone"
  | "asks to wait"
  | "names a date"
  | "aborts"
  | "disables"
  | "hangs"
  | "resets"
  | "is slow";

/** How often an endpoint of this nature does what, in parts of whatever they add up to. */
const NATURES: readonly Partial<Record<Behaviour, number>>[] = [
  { ok: 1 },
  { ok: 8, "is slow": 2 },
  { ok: 5, fails: 3, resets: 1, hangs: 1, "is slow": 1 },
  { fails: 6, hangs: 2, resets: 2 },
  { ok: 4, "asks to wait": 4, "names a date": 2 },
  { ok: 5, aborts: 3, fails: 2 },
  { ok: 16, fails: 2, gone: 1, disables: 1 },
];

export type Nature = readonly Behaviour[];

export function drawNature(random: Random): Nature {
  const weights = random.pick(NATURES);
  return Object.entries(weights).flatMap(([behaviour, weight]) =>
    // The keys of a record of behaviours are behaviours.
    Array.from({ length: weight }, () => behaviour as Behaviour),
  );
}

/** One answer, decided when the request arrives. */
export interface Answer {
  behaviour: Behaviour;
  /** 0: as soon as anything else could happen. */
  afterMs: number;
  /** Whole seconds, where the receiver asks for a pause. */
  waitSeconds: number;
}

export function drawAnswer(random: Random, nature: Nature): Answer {
  const behaviour = random.pick(nature);
  const waits = behaviour === "asks to wait" || behaviour === "names a date";
  const waitSeconds = waits ? random.between(1, RETRY_AFTER_SECONDS_MAX) : 0;
  if (behaviour === "hangs") return { behaviour, afterMs: TIMEOUT_MS, waitSeconds };
  const afterMs = behaviour === "is slow" ? random.between(20, SLOW_MS_MAX) : 0;
  return { behaviour, afterMs, waitSeconds };
}

/**
 * What the sender makes of it.
 * @param mark comes back with the attempt on record, and tells which request it was
 */
export function toResult(
  { behaviour, waitSeconds }: Answer,
  now: number,
  mark: string,
): SendResult {
  const response = (status: number, headers: SendResponse["headers"] = {}): SendResponse => ({
    kind: "response",
    status,
    headers,
    responseHeaders: "",
    body: Buffer.from(mark),
    truncated: false,
    durationMs: 0,
  });
  switch (behaviour) {
    case "fails":
      return response(500);
    case "gone":
      return response(410);
    case "asks to wait":
      return response(429, { retryAfter: String(waitSeconds) });
    case "names a date":
      return response(503, { retryAfter: new Date(now + waitSeconds * 1000).toUTCString() });
    case "aborts":
      return response(500, { webhookDelivery: "abort-message" });
    case "disables":
      return response(200, { webhookDelivery: "disable" });
    case "hangs":
      return { kind: "error", code: "timeout", message: mark, durationMs: TIMEOUT_MS };
    case "resets":
      // It may have been processed: the sender cannot know.
      return { kind: "error", code: "reset", message: mark, durationMs: 0 };
    default:
      return response(200);
  }
}
