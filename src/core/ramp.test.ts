import { describe, expect, test } from "vitest";
import { Ramp, RAMP_WINDOW_MS } from "./ramp.ts";

/** `perSecond` successes a second from `from` on, for `seconds`. @returns the end */
function succeed(ramp: Ramp, perSecond: number, from: number, seconds: number): number {
  for (let n = 0; n < perSecond * seconds; n += 1) ramp.succeeded(from + (n * 1_000) / perSecond);
  return from + seconds * 1_000;
}

/** Always more to send, all of it succeeds at once. @returns starts per second */
function drain(ramp: Ramp, from: number, seconds: number): number[] {
  const starts = Array.from({ length: seconds }, () => 0);
  for (let ms = 0; ms < seconds * 1_000; ms += 1) {
    const now = from + ms;
    while (ramp.readyAt <= now) {
      ramp.started(now);
      ramp.succeeded(now);
      const second = Math.floor(ms / 1_000);
      starts[second] = (starts[second] ?? 0) + 1;
    }
  }
  return starts;
}

describe("Ramp", () => {
  test("limits nothing before an outage", () => {
    const ramp = new Ramp();
    succeed(ramp, 1_000, 0, 120);
    ramp.started(0);
    expect([ramp.isActive, ramp.perSecond, ramp.readyAt]).toEqual([false, Infinity, -Infinity]);
  });

  test("starts at twice the rate before the outage, which the outage itself does not lower", () => {
    const ramp = new Ramp();
    const end = succeed(ramp, 28, 0, 100);
    ramp.begin(end + 3_600_000);
    expect(ramp.perSecond / 2).toBeCloseTo(28, 0);
  });

  test("of an unknown receiver, and of a slow one, at ten a second", () => {
    const unknown = new Ramp();
    unknown.begin(0);
    const slow = new Ramp();
    slow.begin(succeed(slow, 1, 0, 100));
    expect([unknown.perSecond, slow.perSecond]).toEqual([10, 10]);
  });

  test("at most doubles with each window, as far as the receiver followed", () => {
    const ramp = new Ramp();
    const end = succeed(ramp, 30, 0, 100);
    ramp.begin(end);
    const starts = drain(ramp, end, 120);
    const windowSeconds = RAMP_WINDOW_MS / 1_000;
    const rates = [0, 1, 2, 3].map((n) =>
      Math.max(...starts.slice(n * windowSeconds).slice(0, 29)),
    );
    for (const [index, rate] of rates.entries()) {
      expect(rate).toBeLessThanOrEqual(60 * 2 ** index);
      expect(rate).toBeGreaterThan(55 * 2 ** index);
    }
  });

  test("falls back to twice what the receiver bore when it follows only so far", () => {
    const ramp = new Ramp();
    ramp.begin(succeed(ramp, 100, 0, 100));
    expect(ramp.perSecond).toBeCloseTo(200, 0);
    succeed(ramp, 40, 100_000, 31);
    expect(ramp.perSecond / 2).toBeCloseTo(40, 0);
  });

  test("an outage on the way keeps the rate and starts a new window", () => {
    const ramp = new Ramp();
    ramp.begin(0);
    succeed(ramp, 10, 0, 31);
    const { perSecond } = ramp;
    expect(perSecond).toBeCloseTo(20, 0);
    ramp.begin(600_000);
    ramp.succeeded(600_000);
    expect(ramp.perSecond).toBe(perSecond);
  });

  test("ends when nothing due is left", () => {
    const ramp = new Ramp();
    ramp.begin(0);
    ramp.started(0);
    expect(ramp.readyAt).toBeGreaterThan(0);
    ramp.end();
    expect([ramp.isActive, ramp.readyAt]).toEqual([false, -Infinity]);
  });
});
