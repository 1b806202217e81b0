/** A span of time that a request names by `since` and `until`. */
import type { UnixMs } from "../core/types.ts";
import { invalidAt } from "./errors.ts";
import { parseDateTime } from "./validation.ts";

export const DAY_MS = 86_400_000;
/** Clocks differ, and a caller's "now" is a moment old. */
export const SLACK_MS = 5 * 60_000;

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

/** What is wrong with it, for people; undefined: nothing. */
export function spanProblem({ since, until }: TimeSpan, daysMax: number): string | undefined {
  if (since >= until) return "since must be before until, and in the past.";
  if (until - since <= daysMax * DAY_MS + SLACK_MS) return undefined;
  return `From since to until is at most ${daysMax} days.`;
}
