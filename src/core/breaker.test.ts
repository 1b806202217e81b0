import { describe, expect, test } from "vitest";
import {
  Breaker,
  FAILING_INTERVAL_MS,
  OPEN_AFTER_FAILURES,
  OPEN_AFTER_MESSAGES,
  OPEN_AFTER_MS,
} from "./breaker.ts";

const fail = (breaker: Breaker, messageId: string, now: number): void =>
  breaker.failed({ messageId, now, random: 0.5 });

/** Failures of one message after the other, evenly over `durationMs`. */
function failures(count: number, messages: number, durationMs: number): Breaker {
  const breaker = new Breaker();
  for (let n = 0; n < count; n += 1) {
    const now = (n * durationMs) / (count - 1);
    breaker.started(now);
    fail(breaker, `msg_${n % messages}`, now);
  }
  return breaker;
}

/** Open since `OPEN_AFTER_MS`. */
const opened = (): Breaker => failures(OPEN_AFTER_FAILURES, 10, OPEN_AFTER_MS);

describe("closed", () => {
  test("allows everything, and stays closed while some attempts succeed", () => {
    const breaker = new Breaker();
    for (let n = 0; n < 1_000; n += 1) {
      expect([breaker.state, breaker.readyAt]).toEqual(["closed", -Infinity]);
      breaker.started(0);
      if (n % (OPEN_AFTER_FAILURES - 1) === 0) breaker.succeeded();
      else fail(breaker, `msg_${n}`, n * 60_000);
    }
  });

  test.each([
    ["one failure too few", OPEN_AFTER_FAILURES - 1, OPEN_AFTER_FAILURES, OPEN_AFTER_MS],
    ["one message, however often it fails", 1_000, 1, 10 * OPEN_AFTER_MS],
    ["not yet for long", 1_000, 1_000, OPEN_AFTER_MS - 1],
  ])("stays closed: %s", (_, count, messages, durationMs) => {
    const breaker = failures(count, messages, durationMs);
    expect([breaker.state, breaker.failures]).toEqual(["closed", count]);
  });

  test("starts lie apart once many of several messages have failed in a row, until one succeeds", () => {
    const breaker = failures(OPEN_AFTER_FAILURES - 1, 10, 1_000);
    breaker.started(2_000);
    expect([breaker.isFailing, breaker.readyAt]).toEqual([false, -Infinity]);
    fail(breaker, "msg_new", 2_010);
    expect([breaker.isFailing, breaker.readyAt]).toEqual([true, -Infinity]);
    breaker.started(2_020);
    expect(breaker.readyAt).toBe(2_020 + FAILING_INTERVAL_MS);
    breaker.probeNow();
    expect(breaker.readyAt).toBe(-Infinity);
    breaker.started(2_030);
    breaker.succeeded();
    expect([breaker.isFailing, breaker.readyAt]).toEqual([false, -Infinity]);
    expect(failures(1_000, 1, 1_000).isFailing).toBe(false);
  });

  test("opens by many failures, of several messages, for a while", () => {
    expect(OPEN_AFTER_MESSAGES).toBeGreaterThan(1);
    expect(opened().state).toBe("open");
  });
});

describe("open", () => {
  test("lets nothing start until its interval is over, then one", () => {
    const breaker = opened();
    expect(breaker.readyAt).toBe(OPEN_AFTER_MS + 1_000);
    breaker.started(0);
    expect([breaker.state, breaker.readyAt]).toEqual(["half_open", Infinity]);
  });

  test("failures of attempts that began before it opened change nothing", () => {
    const breaker = opened();
    fail(breaker, "msg_old", OPEN_AFTER_MS + 900);
    expect([breaker.state, breaker.readyAt]).toEqual(["open", OPEN_AFTER_MS + 1_000]);
  });

  test("the success of an attempt that began before it opened closes it", () => {
    const breaker = opened();
    breaker.succeeded();
    expect([breaker.state, breaker.readyAt, breaker.failures]).toEqual(["closed", -Infinity, 0]);
  });

  test("is probed at once when something suggests that the receiver is back", () => {
    const breaker = opened();
    breaker.probeNow();
    expect([breaker.state, breaker.readyAt]).toEqual(["open", -Infinity]);
  });
});

describe("half-open", () => {
  test("a failed probe opens it again for twice as long, up to 10 s", () => {
    const breaker = opened();
    const intervals: number[] = [];
    for (let now = breaker.readyAt, n = 0; n < 6; n += 1) {
      breaker.started(0);
      fail(breaker, `msg_${n}`, now);
      expect(breaker.state).toBe("open");
      intervals.push(breaker.readyAt - now);
      now = breaker.readyAt;
    }
    expect(intervals).toEqual([2_000, 4_000, 8_000, 10_000, 10_000, 10_000]);
  });

  test("a probe that succeeds closes it; the next outage starts from nothing", () => {
    const breaker = opened();
    breaker.started(0);
    breaker.succeeded();
    expect([breaker.state, breaker.failures]).toEqual(["closed", 0]);
    breaker.started(0);
    fail(breaker, "msg_1", 10 * OPEN_AFTER_MS);
    expect([breaker.state, breaker.failures]).toEqual(["closed", 1]);
  });

  test("a probe that was not made leaves it open, to be probed now", () => {
    const breaker = opened();
    const { readyAt } = breaker;
    breaker.started(0);
    breaker.voided();
    expect([breaker.state, breaker.readyAt]).toEqual(["open", readyAt]);
  });

  test("the probes of many endpoints spread by a fifth to either side", () => {
    const spread = [0, 0.5, 0.999].map((random) => {
      const breaker = opened();
      breaker.started(0);
      breaker.failed({ messageId: "msg_1", now: 0, random });
      return Math.round(breaker.readyAt);
    });
    expect(spread).toEqual([1_600, 2_000, 2_399]);
  });
});

test("an attempt that was not made means nothing while closed", () => {
  const breaker = new Breaker();
  breaker.started(0);
  breaker.voided();
  expect([breaker.state, breaker.failures]).toEqual(["closed", 0]);
});
