/** Token buckets by key: so many at once, and as many again with time. Pure: the time is given. */

export interface Rate {
  /** So many within `perMs`, and so many at once. */
  count: number;
  perMs: number;
}

interface Bucket {
  /** What is left, times `perMs`: whole numbers, so that refilling bit by bit adds up exactly. */
  credit: number;
  at: number;
}

/** Full buckets are forgotten once there are so many. */
const KEYS_MAX = 10_000;

export class RateLimiter {
  readonly #rate: Rate;
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /**
   * Takes one of `key`'s.
   * @param nowMs monotonic
   * @returns 0 when there was one; otherwise how many milliseconds until there is
   */
  take(key: string, nowMs: number): number {
    const { count, perMs } = this.#rate;
    const bucket = this.#bucketOf(key, nowMs);
    bucket.credit = this.#refilled(bucket, nowMs);
    bucket.at = nowMs;
    if (bucket.credit < perMs) return Math.ceil((perMs - bucket.credit) / count);
    bucket.credit -= perMs;
    return 0;
  }

  #refilled({ credit, at }: Bucket, nowMs: number): number {
    const { count, perMs } = this.#rate;
    return Math.min(count * perMs, credit + (nowMs - at) * count);
  }

  #bucketOf(key: string, nowMs: number): Bucket {
    const known = this.#buckets.get(key);
    if (known !== undefined) return known;
    if (this.#buckets.size >= KEYS_MAX) this.#forget(nowMs);
    const made = { credit: this.#rate.count * this.#rate.perMs, at: nowMs };
    this.#buckets.set(key, made);
    return made;
  }

  /** Those that are full again tell nothing; when none is, the oldest half goes. */
  #forget(nowMs: number): void {
    const { count, perMs } = this.#rate;
    for (const [key, bucket] of this.#buckets) {
      if (this.#refilled(bucket, nowMs) >= count * perMs) this.#buckets.delete(key);
    }
    for (const key of this.#buckets.keys()) {
      if (this.#buckets.size <= KEYS_MAX / 2) return;
      this.#buckets.delete(key);
    }
  }
}
