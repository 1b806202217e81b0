/** A span of time that a request names by `since` and `until`. */
import type { UnixMs } from "../core/types.ts";
import { ApiError, invalidAt } from "./errors.ts";
import { parseDateTime } from "./validation.ts";

export const DAY_MS = 86_400_000;
/** Clocks differ, and a caller's "now" is a moment old. */
const SLACK_MS = 5 * 60_000;

export interface TimeSpan {
  since: UnixMs;
  until: UnixMs;
}

/** @throws 422 when it is no date and time with its zone */
export function readTime(loc: [string, string], text: string): UnixMs {
  const time = parseDateTime(text);
  if (time !== undefined) return time;
  const form = "a date and time with its zone, such as 2026-01-31T08:00:00Z";
  throw invalidAt(loc, `${loc[1]} must be ${form}.`);
}

/** @throws 400 `invalid_range` */
export function checkSpan(span: TimeSpan, now: UnixMs, daysMax: number): TimeSpan {
  const refuse = (detail: string): never => {
    throw new ApiError("invalid_range", detail);
  };
  if (span.since >= span.until) refuse("since must be before until.");
  if (span.until > now + SLACK_MS) refuse("until must not be in the future.");
  if (span.until - span.since > daysMax * DAY_MS + SLACK_MS) {
    refuse(`From since to until is at most ${daysMax} days.`);
  }
  return span;
}
