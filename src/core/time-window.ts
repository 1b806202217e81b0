/**
 * When a push asks to run. Absolute times need their zone: a battery that charges at a peak price
 * because a server guessed the zone is worse than a refusal.
 */
import { parseDurationMs, parseInstant } from "./duration.ts";
import type { UnixMs } from "./types.ts";

export const WINDOW_MS_MAX = 30 * 24 * 3_600_000;

export const TIME_FORMS = [
  "an ISO 8601 time with zone, such as 2026-05-08T22:00:00Z or 2026-05-09T00:00:00+02:00",
  "a relative time, such as 30m or 1.5h",
] as const;

export type WindowField = "start" | "end";
export type WindowProblem = {
  code: "INVALID_TIME_WINDOW" | "START_IN_PAST" | "START_OUT_OF_RANGE";
  field: WindowField;
  reason: string;
  message: string;
  details: Record<string, unknown>;
};

/** Times are undefined when they were not sent. */
export interface TimeWindow {
  startAt: UnixMs | undefined;
  endAt: UnixMs | undefined;
}

export type WindowResult = { ok: true; window: TimeWindow } | { ok: false; problem: WindowProblem };

type Point = { ok: true; at: UnixMs | undefined } | { ok: false; problem: WindowProblem };

/** A relative `end` counts from the start, or from now when there is no start. */
export function readTimeWindow(
  sent: { start?: string | undefined; end?: string | undefined },
  now: UnixMs,
): WindowResult {
  const start = readPoint("start", sent.start, now);
  if (!start.ok) return start;
  if (start.at !== undefined) {
    const problem = checkStart(start.at, now);
    if (problem !== undefined) return { ok: false, problem };
  }
  const runsFrom = start.at ?? now;
  const end = readPoint("end", sent.end, runsFrom);
  if (!end.ok) return end;
  if (end.at !== undefined) {
    const problem = checkEnd(end.at, runsFrom, now);
    if (problem !== undefined) return { ok: false, problem };
  }
  return { ok: true, window: { startAt: start.at, endAt: end.at } };
}

function readPoint(field: WindowField, text: string | undefined, from: UnixMs): Point {
  if (text === undefined) return { ok: true, at: undefined };
  const durationMs = parseDurationMs(text);
  if (durationMs !== undefined) return { ok: true, at: from + durationMs };
  const instant = parseInstant(text);
  if (instant.ok) return { ok: true, at: instant.at };
  const what = instant.reason === "zone_missing" ? "has no time zone" : "is not a time";
  return {
    ok: false,
    problem: {
      code: "INVALID_TIME_WINDOW",
      field,
      reason: instant.reason === "zone_missing" ? "time.zone_missing" : "time.malformed",
      message: `action.${field} ${what}. Send ${TIME_FORMS.join(", or ")}.`,
      details: { acceptedForms: [...TIME_FORMS] },
    },
  };
}

function checkStart(startAt: UnixMs, now: UnixMs): WindowProblem | undefined {
  if (startAt < now) {
    return {
      code: "START_IN_PAST",
      field: "start",
      reason: "time.start_in_past",
      message: "action.start is in the past. Leave it out to start now.",
      details: { now: toIso(now) },
    };
  }
  if (startAt <= now + WINDOW_MS_MAX) return undefined;
  return {
    code: "START_OUT_OF_RANGE",
    field: "start",
    reason: "time.start_too_late",
    message: "action.start is more than 30 days ahead.",
    details: { now: toIso(now), max: toIso(now + WINDOW_MS_MAX) },
  };
}

function checkEnd(endAt: UnixMs, runsFrom: UnixMs, now: UnixMs): WindowProblem | undefined {
  const max = now + WINDOW_MS_MAX;
  if (endAt > runsFrom && endAt <= max) return undefined;
  const late = endAt > max;
  return {
    code: "INVALID_TIME_WINDOW",
    field: "end",
    reason: late ? "time.end_too_late" : "time.end_before_start",
    message: late
      ? "action.end is more than 30 days ahead."
      : "action.end is not after the time the action starts.",
    details: { start: toIso(runsFrom), max: toIso(max) },
  };
}

function toIso(at: UnixMs): string {
  return new Date(at).toISOString();
}
