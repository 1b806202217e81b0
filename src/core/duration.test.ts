import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDurationMs, parseDurationMs, parseInstant } from "./duration.ts";

describe("parseDurationMs", () => {
  test.for([
    ["30m", 1_800_000],
    ["1.5h", 5_400_000],
    ["2s", 2_000],
    ["250ms", 250],
    ["0s", 0],
    ["30d", 2_592_000_000],
    ["0.0005s", 1],
  ] as const)("%s", ([text, durationMs]) => {
    expect(parseDurationMs(text)).toBe(durationMs);
  });

  test.for(["", "5", "m", "-5m", "+5m", "5 m", " 5m", "5M", "1e3s", "0x5s", "1.s", ".5h", "5m5s"])(
    "%j is no duration",
    (text) => {
      expect(parseDurationMs(text)).toBeUndefined();
    },
  );
});

describe("formatDurationMs", () => {
  test.for([
    [5_000, "5s"],
    [90_000, "90s"],
    [5_400_000, "90m"],
    [7_200_000, "2h"],
    [604_800_000, "7d"],
    [1_500, "1500ms"],
  ] as const)("%d is %s", ([durationMs, text]) => {
    expect(formatDurationMs(durationMs)).toBe(text);
  });

  test("is what parseDurationMs reads", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 604_800_000 }), (durationMs) => {
        expect(parseDurationMs(formatDurationMs(durationMs))).toBe(durationMs);
      }),
    );
  });
});

describe("parseInstant", () => {
  test.for([
    ["2026-05-08T22:00:00Z", "2026-05-08T22:00:00.000Z"],
    ["2026-05-08T22:00Z", "2026-05-08T22:00:00.000Z"],
    ["2026-05-09T00:00:00+02:00", "2026-05-08T22:00:00.000Z"],
    ["2026-05-09T00:00:00+0200", "2026-05-08T22:00:00.000Z"],
    ["2026-05-08t22:00:00.5z", "2026-05-08T22:00:00.500Z"],
    ["2026-05-08T22:00:00,25Z", "2026-05-08T22:00:00.250Z"],
    ["2028-02-29T12:00:00-11:30", "2028-02-29T23:30:00.000Z"],
  ] as const)("%s is %s", ([text, iso]) => {
    const result = parseInstant(text);
    expect(result.ok && new Date(result.at).toISOString()).toBe(iso);
  });

  test.for(["2026-05-08T22:00:00", "2026-05-08T22:00"])("%s lacks its zone", (text) => {
    expect(parseInstant(text)).toEqual({ ok: false, reason: "zone_missing" });
  });

  test.for([
    "",
    "now",
    "2026-05-08",
    "2026-02-30T00:00:00Z",
    "2026-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-05-08T24:00:00Z",
    "2026-05-08T22:60:00Z",
    "2026-05-08T22:00:60Z",
    "2026-05-08T22:00:00+15:00",
    "2026-05-08T22:00:00+02:60",
    "2026-05-08 22:00:00Z",
    "275761-01-01T00:00:00Z",
    "2026-05-08T22:00:00Z ",
    "2026-05-08T22:00:00 CET",
    "1778277600",
  ])("%j is no time", (text) => {
    expect(parseInstant(text)).toEqual({ ok: false, reason: "malformed" });
  });

  test("reads what Date prints, whatever the zone it is written in", () => {
    const times = fc.integer({ min: 0, max: 4_000_000_000_000 });
    const zones = fc.integer({ min: -14 * 60, max: 14 * 60 });
    fc.assert(
      fc.property(times, zones, (at, zoneMinutes) => {
        const local = new Date(at + zoneMinutes * 60_000).toISOString().slice(0, -1);
        const sign = zoneMinutes < 0 ? "-" : "+";
        const [hours, minutes] = [
          Math.floor(Math.abs(zoneMinutes) / 60),
          Math.abs(zoneMinutes) % 60,
        ];
        const two = (part: number): string => String(part).padStart(2, "0");
        const text = `${local}${sign}${two(hours)}:${two(minutes)}`;
        expect(parseInstant(text)).toEqual({ ok: true, at });
      }),
    );
  });
});
