import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RateLimiter } from "./request-rate.ts";

describe("RateLimiter", () => {
  test("gives its count at once, then one as each refills, and says when", () => {
    const limiter = new RateLimiter({ count: 3, perMs: 3_000 });
    const takes = [0, 0, 0, 0, 400, 1_000, 1_000].map((at) => limiter.take("a", at));
    expect(takes).toEqual([0, 0, 0, 1_000, 600, 0, 1_000]);
  });

  test("never gives more than its count after any rest", () => {
    const limiter = new RateLimiter({ count: 2, perMs: 1_000 });
    expect([1, 2, 3].map(() => limiter.take("a", 1e9) === 0)).toEqual([true, true, false]);
    expect([1, 2, 3].map(() => limiter.take("a", 2e9) === 0)).toEqual([true, true, false]);
  });

  test("keeps keys apart", () => {
    const limiter = new RateLimiter({ count: 1, perMs: 1_000 });
    expect(limiter.take("a", 0)).toBe(0);
    expect(limiter.take("b", 0)).toBe(0);
    expect(limiter.take("a", 0)).toBe(1_000);
  });

  test("whoever waits as told gets one; and none gets more than the rate over any time", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 5_000 }),
        fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 200 }),
        (count, perMs, pauses) => {
          const limiter = new RateLimiter({ count, perMs });
          let now = 0;
          let given = 0;
          for (const pause of pauses) {
            now += pause;
            const wait = limiter.take("a", now);
            if (wait === 0) given += 1;
            expect(given).toBeLessThanOrEqual(count + (now * count) / perMs + 1e-6);
          }
          const wait = limiter.take("a", now);
          if (wait > 0) expect(limiter.take("a", now + wait)).toBe(0);
        },
      ),
      { examples: [[3, 3_030, [0, 0, 162, 6]]] },
    );
  });

  test("ten thousand keys are as many as it remembers, and a flood of new ones frees nobody at once", () => {
    const limiter = new RateLimiter({ count: 1, perMs: 1e9 });
    for (let key = 0; key < 15_000; key += 1) expect(limiter.take(`k${key}`, 0)).toBe(0);
    expect(limiter.take("k14999", 0)).toBeGreaterThan(0);
  });
});
