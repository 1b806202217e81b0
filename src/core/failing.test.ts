import { expect, test } from "vitest";
import { disablesAt, WARNINGS_MS, warningsDue } from "./failing.ts";

const HOUR_MS = 3_600_000;
const SINCE = Date.UTC(2026, 10, 24);

test("three warnings within five days, the last half a day before the end", () => {
  expect(WARNINGS_MS.map((ms) => ms / HOUR_MS)).toEqual([24, 72, 108]);
  expect(disablesAt(SINCE) - SINCE).toBe(120 * HOUR_MS);
});

test.each([
  [0, 0],
  [24 * HOUR_MS - 1, 0],
  [24 * HOUR_MS, 1],
  [72 * HOUR_MS - 1, 1],
  [72 * HOUR_MS, 2],
  [108 * HOUR_MS, 3],
  [500 * HOUR_MS, 3],
])("after %d ms there are %d", (afterMs, count) => {
  expect(warningsDue(SINCE, SINCE + afterMs)).toBe(count);
});
