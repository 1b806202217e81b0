/**
 * At most so many starts in any second, evenly spaced (the generic cell rate algorithm: one number
 * of state). Idle time is not saved up, so there is no burst after a pause.
 */

/** A timer may come this late without lowering the rate: what it missed is caught up. */
const LATE_MS_MAX = 10;
/** More than floating-point numbers are wrong by. */
const ROUNDING_MS = 0.01;

export class RateLimit {
  #perSecond: number;
  /** When the next start would be exactly on time. */
  #nextAt = -Infinity;

  /** @param perSecond Infinity: no limit */
  constructor(perSecond = Infinity) {
    this.#perSecond = perSecond;
  }

  get perSecond(): number {
    return this.#perSecond;
  }

  /** From the next start on; what was started already still counts. */
  set perSecond(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** The earliest time of the next start. */
  get readyAt(): number {
    return this.#perSecond === Infinity ? -Infinity : this.#nextAt;
  }

  /** Counts a start. */
  start(now: number): void {
    if (this.#perSecond === Infinity) return;
    // Stretched by what a late start may catch up: no second ever sees more than `perSecond`.
    const intervalMs = (1_000 + LATE_MS_MAX + ROUNDING_MS) / this.#perSecond;
    this.#nextAt = Math.max(this.#nextAt, now - LATE_MS_MAX) + intervalMs;
  }
}
