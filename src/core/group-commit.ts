/**
 * Group commit: concurrent callers share one multi-row statement and are each answered after its
 * commit. While flushes are under way new items wait and form the next batch, so batches grow with
 * load and a lone caller waits for nobody.
 *
 *   add ──► waiting ──(a flush slot is free)──► flushing ──► each caller's promise
 */
import type { FairTurns } from "./fair-turns.ts";
import { inTurns } from "./in-turns.ts";
import type { Clock } from "./types.ts";

/**
 * Flushes that are worth their statement: under load few large ones, while a lone caller waits for nobody. Not while
 * keys take turns.
 */
export interface Spacing {
  clock: Clock;
  /** Milliseconds from the begin of a flush to the next one of few items. */
  ms: number;
  /** As many do not wait for that, after a flush of so many. */
  items: (last: number) => number;
  /** How long, in milliseconds from its begin, a flush is alone before it counts as stuck and another may begin. */
  aloneMs: number;
  /** Only after a flush of at least so many: while there are few, nobody waits. */
  after?: number;
}

const AGAIN_SHARE = 0.95;
const AGAIN_MS = 8;
const AGAIN_AFTER = 8;
/** A statement that takes longer hangs: the next one does not wait for it. */
const AGAIN_ALONE_MS = 50;

/**
 * For callers who are back a moment after their commit, as those are who send one request after the other: after a
 * flush of many the next one waits until nearly as many wait again, a few milliseconds at most, and is alone. A
 * statement that stores messages costs PostgreSQL some 215 µs beside 13 for each, Node 90 beside 3 (1 to 64 messages,
 * one after the other). Flushes of 62 instead of 27 take as long (2.5 ms): `ingest` 0.220 → 0.238 of the floor, 66.8 +
 * 36.8 → 60.2 + 30.4 µs of Node's and PostgreSQL's CPU (medians of four alternated runs). Rejected: 0.9 or 0.85 of the
 * last flush (0.232), 0.99 and 12 ms (0.226); without waiting, one at a time or three (as two), a flush as soon as 16
 * wait, or the next one before the callers of the last are told.
 */
export function asManyAgain(clock: Clock): Spacing {
  return {
    clock,
    ms: AGAIN_MS,
    items: (last) => last * AGAIN_SHARE,
    aloneMs: AGAIN_ALONE_MS,
    after: AGAIN_AFTER,
  };
}

export interface GroupCommitOptions<In, Out> {
  /** Commits `items` together; answers in the same order. Rejecting rejects every caller. */
  flush: (items: In[]) => Promise<Out[]>;
  /** Most items of one flush. */
  batchMax: number;
  /** Most bytes of one flush, if items have any; a single larger item is flushed alone. */
  bytesMax?: number;
  bytesOf?: (item: In) => number;
  /** When not all that wait fit into a flush: one of each key before a second of any. */
  keyOf?: (item: In) => unknown;
  /** Whose items go first while several keys have some, whether they fit or not. */
  turns?: FairTurns<In>;
  /** Flushes under way at once, unless keys take turns. */
  flushesMax: number;
  /** For what nobody waits for. */
  spacing?: Spacing;
}

interface Waiting<In, Out> {
  item: In;
  resolve: (answer: Out) => void;
  reject: (error: unknown) => void;
}

export class GroupCommit<In, Out> {
  readonly #options: GroupCommitOptions<In, Out>;
  #waiting: Waiting<In, Out>[] = [];
  #flushing = 0;
  #flushes = 0;
  #scheduled = false;
  /** When the last flush began, on the monotonic clock. */
  #begunAt = -Infinity;
  /** How many items that one had. */
  #lastItems = 0;
  /** What waits may be flushed whatever the spacing. */
  #hurried = false;
  #timer: { at: number; cancel: () => void } | undefined;
  #idle: (() => void)[] = [];

  constructor(options: GroupCommitOptions<In, Out>) {
    this.#options = options;
  }

  /** Items not yet committed: waiting or being flushed. */
  get size(): number {
    return this.#waiting.length + this.#flushing;
  }

  /** What has waited longest for its flush. */
  get oldestWaiting(): In | undefined {
    return this.#waiting[0]?.item;
  }

  add(item: In): Promise<Out> {
    return new Promise((resolve, reject) => this.addFor(item, resolve, reject));
  }

  /** As `add`, for those whose promise would be one of many: told right after the commit, and may not throw. */
  addFor(item: In, resolve: (answer: Out) => void, reject: (error: unknown) => void): void {
    this.#waiting.push({ item, resolve, reject });
    this.#options.turns?.added({ item });
    this.#schedule();
  }

  /** So many that wait, or more, need wait no longer if no flush is under way. */
  hurry(items: number): void {
    if (this.#flushes > 0 || this.#waiting.length < items) return;
    this.#hurried = true;
    this.#schedule();
  }

  /** Resolves when nothing waits and nothing is being flushed. */
  async drained(): Promise<void> {
    if (this.#waiting.length === 0 && this.#flushes === 0) return;
    await new Promise<void>((resolve) => {
      this.#idle.push(resolve);
    });
  }

  get #flushesMax(): number {
    return this.#options.turns?.flushesMax ?? this.#options.flushesMax;
  }

  get #mayFlush(): boolean {
    return this.#waiting.length > 0 && this.#flushes < this.#flushesMax && !this.#waitForMore();
  }

  /** One turn of the event loop later, so that callers of the same turn share the batch. */
  #schedule(): void {
    if (this.#scheduled || !this.#mayFlush) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      while (this.#mayFlush) {
        const batch = this.#takeBatch();
        if (batch.length === 0) {
          this.#options.turns?.lookAgain(() => this.#schedule());
          return;
        }
        void this.#flush(batch);
      }
    });
  }

  /** Whether what waits has to wait on, for more or for the flush before; then it is looked at again in time. */
  #waitForMore(): boolean {
    const { spacing, turns } = this.#options;
    if (spacing === undefined || turns?.flushesMax !== undefined || this.#hurried) return false;
    if (this.#lastItems < (spacing.after ?? 0)) return false;
    const isAlone = this.#flushes === 0;
    if (isAlone && this.#waiting.length >= spacing.items(this.#lastItems)) return false;
    if (!isAlone && this.#timer !== undefined) return true;
    const at = this.#begunAt + (isAlone ? spacing.ms : spacing.aloneMs);
    const leftMs = at - spacing.clock.monotonic();
    if (leftMs <= 0) return false;
    if (this.#timer !== undefined && this.#timer.at <= at) return true;
    this.#timer?.cancel();
    const cancel = spacing.clock.after(Math.ceil(leftMs), () => {
      this.#timer = undefined;
      this.#schedule();
    });
    this.#timer = { at, cancel };
    return true;
  }

  async #flush(batch: Waiting<In, Out>[]): Promise<void> {
    const items = batch.map((waiting) => waiting.item);
    this.#flushes += 1;
    this.#flushing += batch.length;
    this.#hurried = false;
    const { spacing } = this.#options;
    if (spacing !== undefined) this.#begunAt = spacing.clock.monotonic();
    this.#lastItems = batch.length;
    this.#timer?.cancel();
    this.#timer = undefined;
    const ended = this.#options.turns?.begun(batch);
    let tell: (waiting: Waiting<In, Out>, index: number) => void;
    try {
      const answers = await this.#options.flush(items);
      if (answers.length !== batch.length) {
        throw new Error(`A flush of ${batch.length} items gave ${answers.length} answers.`);
      }
      // The lengths are equal, so every index has its answer.
      tell = ({ resolve }, index) => resolve(answers[index] as Out);
    } catch (error) {
      tell = ({ reject }) => reject(error);
    }
    this.#flushes -= 1;
    this.#flushing -= batch.length;
    ended?.();
    batch.forEach(tell);
    this.#afterFlush();
  }

  #takeBatch(): Waiting<In, Out>[] {
    const { batchMax, keyOf, turns } = this.#options;
    if (keyOf !== undefined && this.#waiting.length > batchMax) {
      this.#waiting = inTurns(this.#waiting, ({ item }) => keyOf(item));
    }
    const chosen = turns?.choose(this.#waiting) ?? this.#waiting;
    if (chosen === this.#waiting) return this.#waiting.splice(0, this.#fitting(chosen));
    const batch = chosen.slice(0, this.#fitting(chosen));
    const taken = new Set(batch);
    this.#waiting = this.#waiting.filter((waiting) => !taken.has(waiting));
    return batch;
  }

  /** How many of them fit into one flush. */
  #fitting(chosen: readonly Waiting<In, Out>[]): number {
    const { batchMax, bytesMax = Infinity, bytesOf } = this.#options;
    const most = Math.min(batchMax, chosen.length);
    if (bytesOf === undefined) return most;
    let bytes = 0;
    for (let length = 0; length < most; length += 1) {
      const waiting = chosen[length];
      if (waiting !== undefined) bytes += bytesOf(waiting.item);
      if (bytes > bytesMax) return Math.max(1, length);
    }
    return most;
  }

  #afterFlush(): void {
    if (this.#waiting.length > 0) {
      this.#schedule();
      return;
    }
    if (this.#flushes > 0) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }
}
