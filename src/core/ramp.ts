/**
 * How fast a backlog is sent to a receiver that has come back: at most twice its steady rate, which
 * is the rate of successes it has held for a whole window, before the outage or since. So the offered
 * rate at most doubles from one window to the next, and only as far as the receiver followed.
 *
 *   idle ─success after an outage─► ramping ─nothing due is left─► idle
 *
 * Rejected: opening up at once and relying on concurrency alone. 64 attempts at a time are 6,400 a second
 * for a receiver that answers in 10 ms and was used to 30.
 */
import { RateLimit } from "./rate-limit.ts";

/** Only failures for this long count as an outage. */
export const OUTAGE_MS_MIN = 30_000;
export const RAMP_WINDOW_MS = 30_000;
const TIMES_STEADY = 2;
/** No receiver minds ten requests a second; used also when nothing is known of it. */
const STEADY_MIN = 5;

export class Ramp {
  /** Successes per second in the last whole window. */
  #steady = 0;
  #windowStart = -Infinity;
  #successes = 0;
  readonly #limit = new RateLimit();

  get isActive(): boolean {
    return this.perSecond < Infinity;
  }

  /** Starts per second now; Infinity: not ramping. */
  get perSecond(): number {
    return this.#limit.perSecond;
  }

  /** The earliest time of the next start. */
  get readyAt(): number {
    return this.#limit.readyAt;
  }

  /** The receiver is back after an outage, or has followed for another window. */
  begin(now: number): void {
    this.#openWindow(now);
    this.#limit.perSecond = TIMES_STEADY * Math.max(this.#steady, STEADY_MIN);
  }

  /** Nothing due is left: the receiver has caught up. */
  end(): void {
    this.#limit.perSecond = Infinity;
  }

  started(now: number): void {
    this.#limit.start(now);
  }

  succeeded(now: number): void {
    const elapsedMs = now - this.#windowStart;
    if (elapsedMs >= RAMP_WINDOW_MS) {
      if (elapsedMs < Infinity) this.#steady = (this.#successes * 1_000) / elapsedMs;
      if (this.isActive) this.begin(now);
      else this.#openWindow(now);
    }
    this.#successes += 1;
  }

  #openWindow(now: number): void {
    this.#windowStart = now;
    this.#successes = 0;
  }
}
