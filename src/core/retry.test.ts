import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  DEFAULT_RETRY_SCHEDULE_MS,
  honourRetryAfter,
  parseRetryAfter,
  retryDelayMs,
  retryTimes,
} from "./retry.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW = Date.UTC(2026, 10, 24, 8, 0, 0);

describe("retryDelayMs", () => {
  test("the default schedule is the contract's: 8 attempts over 27.6 hours", () => {
    const seconds = DEFAULT_RETRY_SCHEDULE_MS.map((ms) => ms / 1000);
    expect(seconds).toEqual([5, 300, 1800, 7200, 18_000, 36_000, 36_000]);
    const hours = DEFAULT_RETRY_SCHEDULE_MS.reduce((sum, ms) => sum + ms, 0) / HOUR_MS;
    expect(hours).toBeCloseTo(27.6, 1);
  });

  test("each failure has its own delay, and after the last there is none", () => {
    const delays = [1, 2, 3, 4, 5, 6, 7, 8].map((n) =>
      retryDelayMs(DEFAULT_RETRY_SCHEDULE_MS, n, 0.5),
    );
    expect(delays).toEqual([...DEFAULT_RETRY_SCHEDULE_MS, null]);
  });

  test("jitter reaches 20 % either way and no further", () => {
    expect(retryDelayMs([1000], 1, 0)).toBe(800);
    expect(retryDelayMs([1000], 1, 1 - Number.EPSILON)).toBe(1200);
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 * DAY_MS }), random, (planned, share) => {
        const delay = retryDelayMs([planned], 1, share) ?? NaN;
        expect(delay).toBeGreaterThanOrEqual(Math.floor(planned * 0.8));
        expect(delay).toBeLessThanOrEqual(Math.ceil(planned * 1.2));
        expect(Number.isInteger(delay)).toBe(true);
      }),
    );
  });

  test("an empty schedule tries once", () => {
    expect(retryDelayMs([], 1, 0.5)).toBeNull();
  });
});

describe("retryTimes", () => {
  test("adds up delays, and the jitter of each", () => {
    expect(retryTimes([5_000, 300_000], NOW)).toEqual([
      { attempt: 1, delayMs: null, earliest: NOW, at: NOW, latest: NOW },
      {
        attempt: 2,
        delayMs: 5_000,
        earliest: NOW + 4_000,
        at: NOW + 5_000,
        latest: NOW + 6_000,
      },
      {
        attempt: 3,
        delayMs: 300_000,
        earliest: NOW + 244_000,
        at: NOW + 305_000,
        latest: NOW + 366_000,
      },
    ]);
    expect(retryTimes([], NOW)).toHaveLength(1);
  });

  test("no chain of delays as they are drawn leaves them", () => {
    const step = fc.integer({ min: 1_000, max: 7 * DAY_MS });
    const drawn = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(step, drawn), { maxLength: 20 }), (steps) => {
        const schedule = steps.map(([ms]) => ms);
        let at = NOW;
        for (const [index, [, random]] of steps.entries()) {
          at += retryDelayMs(schedule, index + 1, random) ?? NaN;
          const time = retryTimes(schedule, NOW)[index + 1];
          // Each delay is rounded by itself.
          expect(at).toBeGreaterThanOrEqual((time?.earliest ?? NaN) - steps.length);
          expect(at).toBeLessThanOrEqual((time?.latest ?? NaN) + steps.length);
        }
      }),
    );
  });
});

describe("parseRetryAfter", () => {
  test.each([
    ["0", 0],
    ["5", 5_000],
    [" 5 ", 5_000],
    ["1000000000", 1e12],
    ["99999999999999999999999", Number("99999999999999999999999") * 1000],
    ["1".repeat(400), Infinity],
    ["Tue, 24 Nov 2026 08:02:00 GMT", 120_000],
    ["Tue, 24 Nov 2026 08:02:00 UTC", 120_000],
    ["Tuesday, 24-Nov-26 08:02:00 GMT", 120_000],
    ["Tue Nov 24 08:02:00 2026", 120_000],
    ["Sun Nov  1 08:02:00 2026", 0],
    ["Tue, 24 Nov 2026 07:00:00 GMT", 0],
  ])("%j asks for %d ms", (header, asked) => {
    expect(parseRetryAfter(header, NOW)).toBe(asked);
  });

  test.each([
    undefined,
    "",
    "-1",
    "+5",
    "5.5",
    "1e9",
    "10^9",
    "0x10",
    "soon",
    "5 apples",
    "Tue",
    "Tue, soon",
    "Tue, apples 5",
    "Tue 99999",
    "2026-11-24T08:02:00Z",
    "Tue, 32 Nov 2026 08:02:00 GMT",
    "Tue, 24 Nov 2026 25:02:00 GMT",
    "5, 10",
  ])("%j is ignored", (header) => {
    expect(parseRetryAfter(header, NOW)).toBeUndefined();
  });

  test("reads any text without throwing, and never asks for the past", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const asked = parseRetryAfter(text, NOW);
        expect(asked === undefined || asked >= 0).toBe(true);
      }),
    );
  });
});

describe("honourRetryAfter", () => {
  test.each([
    ["0", 300_000],
    ["5", 300_000],
    ["299", 300_000],
    ["600", 600_000],
    ["Tue, 24 Nov 2026 09:00:00 GMT", HOUR_MS],
    ["86400", DAY_MS],
    ["86401", DAY_MS],
    ["1000000000", DAY_MS],
    ["1".repeat(400), DAY_MS],
    ["-1", 300_000],
    ["10^9", 300_000],
    ["tomorrow", 300_000],
    [undefined, 300_000],
  ])("with 5 minutes planned, Retry-After %j waits %d ms", (header, waited) => {
    expect(honourRetryAfter(300_000, parseRetryAfter(header, NOW))).toBe(waited);
  });

  test("a plan beyond 24 h is never shortened", () => {
    expect(honourRetryAfter(2 * DAY_MS, parseRetryAfter("5", NOW))).toBe(2 * DAY_MS);
    expect(honourRetryAfter(2 * DAY_MS, parseRetryAfter("1000000000", NOW))).toBe(2 * DAY_MS);
  });
});
