/** Token buckets by key: so many at once, and as many again with time. Pure: the time is given. */

export interface Rate {
  /** So many within `perMs`, and so many at once. */
  count: number;
  perMs: number;
}

interface Bucket {
  left: number;
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
    bucket.left = this.#refilled(bucket, nowMs);
    bucket.at = nowMs;
    if (bucket.left < 1) return Math.ceil(((1 - bucket.left) * perMs) / count);
    bucket.left -= 1;
    return 0;
  }

  #refilled({ left, at }: Bucket, nowMs: number): number {
    const { count, perMs } = this.#rate;
    return Math.min(count, left + ((nowMs - at) * count) / perMs);
  }

  #bucketOf(key: string, nowMs: number): Bucket {
    const known = this.#buckets.get(key);
    if (known !== undefined) return known;
    if (this.#buckets.size >= KEYS_MAX) this.#forget(nowMs);
    const made = { left: this.#rate.count, at: nowMs };
    this.#buckets.set(key, made);
    return made;
  }

  /** Those that are full again tell nothing; when none is, the oldest half goes. */
  #forget(nowMs: number): void {
    for (const [key, bucket] of this.#buckets) {
      if (this.#refilled(bucket, nowMs) >= this.#rate.count) this.#buckets.delete(key);
    }
    for (const key of this.#buckets.keys()) {
      if (this.#buckets.size <= KEYS_MAX / 2) return;
      this.#buckets.delete(key);
    }
  }
}
