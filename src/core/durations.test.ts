import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addDurations, DURATION_BOUNDS_MS, DURATION_CLASSES, percentileMs } from "./durations.ts";

/** As `width_bucket` counts. */
function count(durations: number[]): number[] {
  const counts = Array.from({ length: DURATION_CLASSES }, () => 0);
  for (const duration of durations) {
    const index = DURATION_BOUNDS_MS.filter((bound) => duration >= bound).length;
    counts[index] = (counts[index] ?? 0) + 1;
  }
  return counts;
}

describe("percentiles of counted durations", () => {
  test("of nothing there are none", () => {
    expect(percentileMs(count([]), 0.5)).toBeNull();
  });

  test("lie in the class of the true one", () => {
    const durations = fc.array(fc.integer({ min: 0, max: 32_000 }), { minLength: 1 });
    fc.assert(
      fc.property(durations, fc.constantFrom(0.5, 0.95, 1), (given, share) => {
        const sorted = given.toSorted((one, other) => one - other);
        const exact = sorted[Math.ceil(share * given.length) - 1] ?? 0;
        const found = percentileMs(count(given), share) ?? Number.NaN;
        const [at] = [count([exact]).indexOf(1)];
        expect(found).toBeGreaterThanOrEqual(DURATION_BOUNDS_MS[at - 1] ?? 0);
        expect(found).toBeLessThanOrEqual(DURATION_BOUNDS_MS[at] ?? Infinity);
      }),
    );
  });

  test("what is longer than all classes counts as the last bound", () => {
    expect(percentileMs(count([60_000]), 0.95)).toBe(32_768);
  });

  test("counts of different times add up", () => {
    const sum = count([1, 100]);
    addDurations(sum, count([100, 5_000]));
    expect(sum).toEqual(count([1, 100, 100, 5_000]));
  });
});
