/**
 * What was looked up a moment ago, so that not every request asks the database. Who asks for the same
 * meanwhile shares one look-up, and what is in use is looked up again at half its age: otherwise every
 * request under way would ask at the moment at which it has grown too old, and all would wait.
 */
import type { Clock } from "./types.ts";

export interface Found<Value> {
  value: Value;
  /** Kept no longer than that, in milliseconds. */
  forMs?: number;
}

/** Resolves with undefined when there is none, which is not remembered. */
export type LookUp<Value> = () => Promise<Found<Value> | undefined>;

interface Kept<Value> {
  value: Value;
  renewAt: number;
  until: number;
  lookUp: LookUp<Value>;
}

export interface LookupsOptions {
  clock: Clock;
  /** How old an answer may be, counted from when it was asked for. */
  keptMs: number;
  /** How many are remembered; above it all are forgotten. */
  keptMax: number;
}

export class Lookups<Value> {
  readonly #options: LookupsOptions;
  readonly #kept = new Map<string, Kept<Value>>();
  readonly #asking = new Map<string, Promise<Value | undefined>>();
  #timesForgotten = 0;

  constructor(options: LookupsOptions) {
    this.#options = options;
  }

  /** What is remembered and not too old. */
  get(key: string): Value | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    const now = this.#options.clock.monotonic();
    if (now >= kept.until) {
      this.#kept.delete(key);
      return undefined;
    }
    // One that fails is asked again by the next request.
    if (now >= kept.renewAt) this.lookUp(key, kept.lookUp).catch(() => undefined);
    return kept.value;
  }

  /** Asks, or waits for who asks already. Rejects as `lookUp` does. */
  lookUp(key: string, lookUp: LookUp<Value>): Promise<Value | undefined> {
    const asking = this.#asking.get(key);
    if (asking !== undefined) return asking;
    const answer = this.#ask(key, lookUp);
    this.#asking.set(key, answer);
    return answer;
  }

  /** Something changed: everything is looked up again, also what is being asked for. */
  forget(): void {
    this.#kept.clear();
    this.#asking.clear();
    this.#timesForgotten += 1;
  }

  async #ask(key: string, lookUp: LookUp<Value>): Promise<Value | undefined> {
    const { clock, keptMs, keptMax } = this.#options;
    const timesForgotten = this.#timesForgotten;
    const askedAt = clock.monotonic();
    let found: Found<Value> | undefined;
    try {
      found = await lookUp();
    } finally {
      if (timesForgotten === this.#timesForgotten) this.#asking.delete(key);
    }
    // Otherwise this may be of the time before.
    if (timesForgotten !== this.#timesForgotten) return found?.value;
    this.#kept.delete(key);
    if (found === undefined) return undefined;
    if (this.#kept.size >= keptMax) this.#kept.clear();
    const { value, forMs = keptMs } = found;
    const ageMs = Math.min(keptMs, forMs);
    this.#kept.set(key, { value, renewAt: askedAt + ageMs / 2, until: askedAt + ageMs, lookUp });
    return value;
  }
}
