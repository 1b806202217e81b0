/** What one receiver is given: how much at once, and what holds back its next attempt. */
import { Breaker } from "../core/breaker.ts";
import { OUTAGE_MS_MIN, Ramp } from "../core/ramp.ts";
import { RateLimit } from "../core/rate-limit.ts";

/** A receiver that has not yet succeeded gets one attempt at a time: a dead one holds one slot. */
const CONCURRENCY_START = 1;
const CONCURRENCY_MAX = 64;
/** What an endpoint may have under way however many others share its origin's connections with it. */
const CONCURRENCY_CROWDED_MIN = 4;
/** Rows in memory for a receiver that fails: the others can use the memory. */
const ROWS_FAILING_MAX = 16;
const ROWS_DEAD_MAX = 1;

/** Why a due delivery is not attempted now although there are slots. */
export type WaitReason =
  | "throttled"
  | "application_throttled"
  | "failing"
  | "breaker_open"
  | "ramping";

export interface Result {
  succeeded: boolean;
  /** How many were under way when it started, itself included. */
  atOnce: number;
  /** It mostly waited for a connection. */
  crowded: boolean;
  messageId: string;
  /** How long there were only failures before this attempt. */
  failingMs: number;
  now: number;
  /** Uniform in [0, 1). */
  random: number;
}

export class Pace {
  /** Attempts allowed at once: grows with success, halves with failure. */
  concurrency = CONCURRENCY_START;
  readonly breaker = new Breaker();
  readonly ramp = new Ramp();
  readonly throttle = new RateLimit();

  get rowsMax(): number {
    if (this.breaker.failures === 0) return Infinity;
    return this.breaker.state === "closed" ? ROWS_FAILING_MAX : ROWS_DEAD_MAX;
  }

  /** More than its concurrency limits it. */
  get isLimited(): boolean {
    const { breaker, ramp, throttle } = this;
    const isHeldBack = breaker.state !== "closed" || breaker.isFailing;
    return isHeldBack || ramp.isActive || throttle.perSecond < Infinity;
  }

  /** The earliest time of the next attempt (monotonic ms). */
  get readyAt(): number {
    return Math.max(this.breaker.readyAt, this.ramp.readyAt, this.throttle.readyAt);
  }

  /** What holds it back while its breaker is closed. */
  get waitReason(): WaitReason {
    const { breaker, ramp, throttle } = this;
    if (breaker.readyAt > Math.max(ramp.readyAt, throttle.readyAt)) return "failing";
    return throttle.readyAt >= ramp.readyAt ? "throttled" : "ramping";
  }

  started(now: number): void {
    this.breaker.started(now);
    this.ramp.started(now);
    this.throttle.start(now);
  }

  /** What one attempt told about the receiver. */
  ended(result: Result): void {
    const { now } = result;
    if (!result.succeeded) {
      this.concurrency = Math.max(1, this.concurrency >> 1);
      this.breaker.failed(result);
      return;
    }
    // What a receiver bears is only known of what it was given: at most twice of that. One that gets
    // little, and then hangs, must not hold 64 slots because of what it answered one by one (RFC 7661).
    const provenMax = Math.min(2 * result.atOnce, CONCURRENCY_MAX);
    // More at once would only wait longer, in memory that then has to be collected: 20 endpoints of one
    // origin with 64 connections drain at 1.15 times the rate with 80 under way instead of 1,280.
    const { concurrency } = this;
    if (result.crowded && concurrency >= CONCURRENCY_CROWDED_MIN) {
      this.concurrency = Math.max(
        CONCURRENCY_CROWDED_MIN,
        concurrency - Math.ceil(concurrency / 16),
      );
    } else if (this.concurrency < provenMax) this.concurrency += 1;
    this.breaker.succeeded();
    if (result.failingMs >= OUTAGE_MS_MIN) this.ramp.begin(now);
    this.ramp.succeeded(now);
  }
}
