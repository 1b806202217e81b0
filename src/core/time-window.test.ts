import { describe, expect, test } from "vitest";
import { readTimeWindow, WINDOW_MS_MAX } from "./time-window.ts";

const NOW = Date.parse("2026-05-08T12:00:00.000Z");
const HOUR_MS = 3_600_000;
const iso = (at: number): string => new Date(at).toISOString();

describe("readTimeWindow", () => {
  test("nothing sent is no window", () => {
    expect(readTimeWindow({}, NOW)).toEqual({
      ok: true,
      window: { startAt: undefined, endAt: undefined },
    });
  });

  test.for([
    [{ start: "30m" }, NOW + HOUR_MS / 2, undefined],
    [{ start: iso(NOW) }, NOW, undefined],
    [{ start: "30d" }, NOW + WINDOW_MS_MAX, undefined],
    [{ end: "1.5h" }, undefined, NOW + 1.5 * HOUR_MS],
    [{ start: "1h", end: "1h" }, NOW + HOUR_MS, NOW + 2 * HOUR_MS],
    [{ start: "1h", end: iso(NOW + 2 * HOUR_MS) }, NOW + HOUR_MS, NOW + 2 * HOUR_MS],
  ] as const)("%j", ([sent, startAt, endAt]) => {
    expect(readTimeWindow(sent, NOW)).toEqual({ ok: true, window: { startAt, endAt } });
  });

  test.for([
    [{ start: "2026-05-08T22:00:00" }, "INVALID_TIME_WINDOW", "time.zone_missing"],
    [{ end: "2026-05-08T22:00:00" }, "INVALID_TIME_WINDOW", "time.zone_missing"],
    [{ start: "soon" }, "INVALID_TIME_WINDOW", "time.malformed"],
    [{ start: iso(NOW - 1) }, "START_IN_PAST", "time.start_in_past"],
    [{ start: iso(NOW + WINDOW_MS_MAX + 1) }, "START_OUT_OF_RANGE", "time.start_too_late"],
    [{ start: "721h" }, "START_OUT_OF_RANGE", "time.start_too_late"],
    [{ end: iso(NOW) }, "INVALID_TIME_WINDOW", "time.end_before_start"],
    [{ end: "0s" }, "INVALID_TIME_WINDOW", "time.end_before_start"],
    [{ start: "2h", end: iso(NOW + HOUR_MS) }, "INVALID_TIME_WINDOW", "time.end_before_start"],
    [{ start: "30d", end: "1s" }, "INVALID_TIME_WINDOW", "time.end_too_late"],
    [{ end: "31d" }, "INVALID_TIME_WINDOW", "time.end_too_late"],
  ] as const)("%j is %s: %s", ([sent, code, reason]) => {
    const result = readTimeWindow(sent, NOW);
    expect(result).toMatchObject({ ok: false, problem: { code, reason } });
  });

  test("a missing zone is answered with the form that has one", () => {
    const result = readTimeWindow({ start: "2026-05-08T22:00:00" }, NOW);
    if (result.ok) throw new Error("It has no zone.");
    expect(result.problem.message).toContain("2026-05-08T22:00:00Z");
    expect(result.problem.message).toContain("+02:00");
  });
});
