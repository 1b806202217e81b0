import { describe, expect, test } from "vitest";
import { Pace, type Result } from "./pace.ts";

const result = (changes: Partial<Result> = {}): Result => ({
  succeeded: true,
  atOnce: 64,
  crowded: false,
  messageId: "msg_1",
  failingMs: 0,
  now: 0,
  random: 0.5,
  ...changes,
});

describe("Pace", () => {
  test("one attempt at a time, one more by each success up to 64, half by each failure down to 1", () => {
    const pace = new Pace();
    expect(pace.concurrency).toBe(1);
    for (let n = 0; n < 100; n += 1) pace.ended(result());
    expect(pace.concurrency).toBe(64);
    pace.ended(result({ succeeded: false }));
    expect(pace.concurrency).toBe(32);
    for (let n = 0; n < 10; n += 1) pace.ended(result({ succeeded: false }));
    expect(pace.concurrency).toBe(1);
  });

  test("never more than twice what the receiver was given at once", () => {
    const pace = new Pace();
    for (let n = 0; n < 100; n += 1) pace.ended(result({ atOnce: 1 }));
    expect(pace.concurrency).toBe(2);
    for (let n = 0; n < 100; n += 1) pace.ended(result({ atOnce: 10 }));
    expect(pace.concurrency).toBe(20);
  });

  test("shrinks while it waits for connections that others of its origin hold, but not below 4", () => {
    const pace = new Pace();
    for (let n = 0; n < 100; n += 1) pace.ended(result());
    pace.ended(result({ crowded: true }));
    expect(pace.concurrency).toBe(60);
    for (let n = 0; n < 100; n += 1) pace.ended(result({ crowded: true }));
    expect(pace.concurrency).toBe(4);
    pace.ended(result());
    expect(pace.concurrency).toBe(5);
    // Who has less than its part gets it however crowded it is.
    const late = new Pace();
    for (let n = 0; n < 100; n += 1) late.ended(result({ crowded: true }));
    expect(late.concurrency).toBe(4);
  });

  test("grows by half or more with each round trip, even when all answers come together", () => {
    const pace = new Pace();
    let rounds = 0;
    for (; pace.concurrency < 64; rounds += 1) {
      const { concurrency } = pace;
      for (let atOnce = 1; atOnce <= concurrency; atOnce += 1) pace.ended(result({ atOnce }));
    }
    expect(rounds).toBeLessThanOrEqual(12);
  });

  test("a success after half a minute of nothing but failures begins the ramp, not before", () => {
    const pace = new Pace();
    pace.ended(result({ failingMs: 29_999 }));
    expect(pace.isLimited).toBe(false);
    pace.ended(result({ failingMs: 30_000 }));
    expect([pace.isLimited, pace.ramp.isActive]).toEqual([true, true]);
    pace.started(0);
    expect([pace.readyAt > 0, pace.waitReason]).toEqual([true, "ramping"]);
  });

  test("who fails gets little memory, who is dead a single row", () => {
    const pace = new Pace();
    expect(pace.rowsMax).toBe(Infinity);
    for (let n = 0; n < 40; n += 1) {
      const now = n * 10_000;
      pace.ended(result({ succeeded: false, messageId: `msg_${n}`, now }));
      if (n === 0) expect(pace.rowsMax).toBe(16);
    }
    expect([pace.breaker.state, pace.rowsMax]).toEqual(["open", 1]);
    pace.ended(result());
    expect(pace.rowsMax).toBe(Infinity);
  });
});
