import { expect, test } from "vitest";
import {
  formatCount,
  formatCountdown,
  formatDuration,
  formatRelative,
  formatShare,
  formatSpan,
} from "./format.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

test.for([
  [0, "0 s"],
  [999, "0 s"],
  [59 * SECOND, "59 s"],
  [MINUTE, "1 min"],
  [25 * HOUR, "1 d"],
] as const)("%i ms are a span of %s", ([ms, words]) => {
  expect(formatSpan(ms)).toBe(words);
});

test.for([
  [-5, "0 s"],
  [1, "1 s"],
  [9 * SECOND, "9 s"],
  [64 * SECOND, "1 min 04 s"],
  [2 * MINUTE, "2 min"],
  [HOUR - 1, "1 h"],
  [24 * HOUR - SECOND, "23 h 59 min"],
] as const)("%i ms count down as %s", ([ms, words]) => {
  expect(formatCountdown(ms)).toBe(words);
});

test("durations keep the digits that matter", () => {
  expect([0.42, 87.4, 1234, 12_345, 65_000].map(formatDuration)).toEqual([
    "0.42 ms",
    "87 ms",
    "1.23 s",
    "12.3 s",
    "1 min 05 s",
  ]);
});

test("only a whole success is 100 %, and only nothing is without a share", () => {
  expect(formatShare(10, 10)).toBe("100 %");
  expect(formatShare(999_999, 1_000_000)).toBe("99.99 %");
  expect(formatShare(1, 3)).toBe("33.3 %");
  expect(formatShare(0, 3)).toBe("0.0 %");
  expect(formatShare(0, 0)).toBe("–");
});

test("what was, what will be, and what is now", () => {
  expect(formatRelative(0, 3 * MINUTE)).toBe("3 min ago");
  expect(formatRelative(3 * HOUR, 0)).toBe("in 3 h");
  expect(formatRelative(1_000, 2_000)).toBe("just now");
});

test("large counts are short", () => {
  expect([0, 9_999, 12_345].map(formatCount)).toEqual(["0", "9,999", "12.3K"]);
});
