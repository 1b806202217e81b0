/**
 * When a failed delivery is tried again (`contract.md` §6): the schedule's delay after each failure,
 * ±20 % jitter, and a receiver's `Retry-After` within [planned delay, 24 h].
 */
import type { UnixMs } from "./types.ts";

/** 8 attempts over about 27.6 h. */
export const DEFAULT_RETRY_SCHEDULE_MS: readonly number[] = [
  5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 36_000_000,
];

/** Of any schedule: the server's, or an endpoint's own. */
export const RETRY_STEPS_MAX = 20;
export const RETRY_STEP_MS_MIN = 1_000;
export const RETRY_STEP_MS_MAX = 7 * 24 * 3_600_000;

const JITTER_SHARE = 0.2;
const RETRY_AFTER_MS_MAX = 24 * 3_600_000;

/**
 * Delay until the next attempt, or null when the schedule is used up.
 * @param failures failed attempts so far, this one included (≥ 1)
 * @param random uniform in [0, 1)
 */
export function retryDelayMs(
  schedule: readonly number[],
  failures: number,
  random: number,
): number | null {
  const planned = schedule[failures - 1];
  if (planned === undefined) return null;
  return Math.round(planned * (1 - JITTER_SHARE + 2 * JITTER_SHARE * random));
}

/** When an attempt is made if all before it fail at once. */
export interface RetryTime {
  /** Counted from 1. */
  attempt: number;
  /** After the failure before; null: the first attempt. */
  delayMs: number | null;
  earliest: UnixMs;
  /** Without jitter. */
  at: UnixMs;
  latest: UnixMs;
}

/** Every attempt that a schedule allows, the first one at `start`. */
export function retryTimes(schedule: readonly number[], start: UnixMs): RetryTime[] {
  const times: RetryTime[] = [
    { attempt: 1, delayMs: null, earliest: start, at: start, latest: start },
  ];
  let plannedMs = 0;
  for (const [step, delayMs] of schedule.entries()) {
    plannedMs += delayMs;
    times.push({
      attempt: step + 2,
      delayMs,
      earliest: start + Math.round(plannedMs * (1 - JITTER_SHARE)),
      at: start + plannedMs,
      latest: start + Math.round(plannedMs * (1 + JITTER_SHARE)),
    });
  }
  return times;
}

const MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
const TIME = "\\d{2}:\\d{2}:\\d{2}";
/** The three forms of an HTTP date (RFC 9110 §5.6.7). Date.parse alone would also read "5 apples". */
const HTTP_DATE = new RegExp(
  `^[A-Z][a-z]{2}, \\d{1,2} ${MONTH} \\d{4} ${TIME} (?:GMT|UTC)$` +
    `|^[A-Z][a-z]+day, \\d{2}-${MONTH}-\\d{2} ${TIME} (?:GMT|UTC)$` +
    `|^[A-Z][a-z]{2} ${MONTH} [ \\d]\\d ${TIME} \\d{4}$`,
);

/**
 * Milliseconds asked for by a `Retry-After` header (delay in seconds or an HTTP date), or undefined
 * when absent or unreadable (RFC 9110 §10.2.3). Never negative; Infinity for absurd numbers.
 */
export function parseRetryAfter(header: string | undefined, now: UnixMs): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  if (!HTTP_DATE.test(text)) return undefined;
  // The oldest of the three forms names no zone and means UTC; Date.parse would take local time.
  const at = Date.parse(/[CT]$/.test(text) ? text : `${text} GMT`);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

/** The planned delay, stretched to what the receiver asked for, at most 24 h. */
export function honourRetryAfter(plannedMs: number, askedMs: number | undefined): number {
  if (askedMs === undefined) return plannedMs;
  return Math.max(plannedMs, Math.min(askedMs, RETRY_AFTER_MS_MAX));
}
