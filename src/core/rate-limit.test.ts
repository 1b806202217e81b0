import { describe, expect, test } from "vitest";
import { RateLimit } from "./rate-limit.ts";

/** A random number generator whose whole state is its seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The most starts of any second, wherever it begins. */
function mostInASecond(starts: number[]): number {
  let most = 0;
  let first = 0;
  for (const [index, at] of starts.entries()) {
    while ((starts[first] ?? at) <= at - 1_000) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return most;
}

describe("RateLimit", () => {
  test("no rate is no limit", () => {
    const limit = new RateLimit();
    for (let n = 0; n < 100; n += 1) limit.start(0);
    expect(limit.readyAt).toBe(-Infinity);
  });

  test("10 a second with always more to send: 10 in each second, evenly", () => {
    const limit = new RateLimit(10);
    const starts: number[] = [];
    for (let now = 0; now < 60_000; now += 1) {
      if (limit.readyAt > now) continue;
      limit.start(now);
      starts.push(now);
    }
    expect(mostInASecond(starts)).toBe(10);
    expect(starts.length).toBeGreaterThanOrEqual(590);
    const gaps = starts.slice(1).map((at, index) => at - (starts[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(91);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(102);
  });

  test.each([1, 3, 10, 64, 1_000, 65_535])(
    "never more than %i in any second, whatever the arrivals and however late the timers",
    (perSecond) => {
      for (let seed = 1; seed <= 20; seed += 1) {
        const random = seeded(seed);
        const limit = new RateLimit(perSecond);
        const starts: number[] = [];
        let now = 0;
        while (now < 5_000 && starts.length < 200_000) {
          const isIdle = random() < 2 / (perSecond * 3);
          const lateMs = random() < 0.1 ? random() * 30 : 0;
          now = Math.max(now, limit.readyAt) + (isIdle ? random() * 2_000 : lateMs);
          limit.start(now);
          starts.push(now);
        }
        expect(mostInASecond(starts), `seed ${seed}`).toBeLessThanOrEqual(perSecond);
      }
    },
  );

  test("late timers do not lower the rate", () => {
    const limit = new RateLimit(1_000);
    let starts = 0;
    for (let now = 0; now < 10_000; now += 5) {
      while (limit.readyAt <= now) {
        limit.start(now);
        starts += 1;
      }
    }
    expect(starts).toBeGreaterThan(9_850);
  });

  test("a changed rate counts from the next start on; what was started still counts", () => {
    const limit = new RateLimit(1);
    limit.start(0);
    limit.perSecond = 100;
    expect(limit.readyAt).toBeCloseTo(1_000, 1);
    limit.start(1_000);
    expect(limit.readyAt).toBeLessThan(1_020);
  });
});
