/**
 * Whose items go into the next flush of a group commit while several keys (tenants) have some, so that
 * who brings few waits neither behind nor beside those who bring many. A key with few unfinished items
 * is light; one flush at a time is of heavy keys, with a bounded part of each, and it waits a little for
 * those of light ones, which have slots of their own. A key that is alone has whole batches.
 *
 * One tenant bursting through 64 connections on two cores, four others at 50/s (`bench -- tenants`,
 * single runs of 60,000 events): the others' p50 8.4-8.5 ms, p99 37-69 ms without turns; 3.3-3.4 ms,
 * 16-22 ms with parts of 12 beside the light ones, for 4,300-4,500/s of the burst instead of 6,050-6,150/s.
 * Rejected: parts of 4 and two flushes of heavy keys (the same waits, but 2,900-3,300/s), parts of 8 or
 * 16 and two (p99 21-44 ms), the light ones' slot alone (p99 42 and 112 ms).
 */
import { inTurns } from "./in-turns.ts";
import type { Clock } from "./types.ts";

/** Most unfinished items of a light key. */
const LIGHT_MAX = 4;
/** Most items of one heavy key in a flush. */
const HEAVY_PART = 8;
/**
 * From the end of a flush of heavy keys to the next, for those of light ones to end first: on few cores they
 * take each other's. Single runs of 100,000, alternated: with parts of 12 and no wait p50 3.0-3.2 and p99
 * 15.2-15.5 ms (4,800/s of the burst); parts of 12, 2.5-2.7 and 10.8-12.8 ms (4,400/s); of 8, 2.0-2.2 and
 * 9.3-10.7 ms (4,000/s). Rejected: of 6, 1.8-1.9 and 9.6-10.8 ms (3,450/s); of 24 and 20 ms, 3.6 and 15.5 ms
 * (5,500/s); of 8 and 40 ms, as with 10.
 */
const HEAVY_WAIT_MS = 10;
/**
 * Of light keys, at once: what comes meanwhile would wait for a commit before its own. With one that wait's
 * p99 was 5.9-7.2 ms, with four 2.5-2.9 ms; from request to receiver 18-21 and 17-19 ms (three alternated runs).
 */
const LIGHT_FLUSHES_MAX = 4;
/** How long ago another key may have been seen for keys to take turns. */
const TURNS_MS = 1_000;

/** An item among those that wait. */
interface Waiting<Item> {
  item: Item;
}

export class FairTurns<Item> {
  readonly #keyOf: (item: Item) => unknown;
  readonly #clock: Clock;
  /** How many items of each key are waiting or being flushed. */
  readonly #unfinished = new Map<unknown, number>();
  readonly #flushes = { light: 0, heavy: 0 };
  #heavyEndedAt = -Infinity;
  #isTimed = false;
  #lastKey: unknown;
  #severalUntil = 0;

  constructor(clock: Clock, keyOf: (item: Item) => unknown) {
    this.#clock = clock;
    this.#keyOf = keyOf;
  }

  /** An item begins to wait. */
  added({ item }: Waiting<Item>): void {
    const key = this.#keyOf(item);
    this.#unfinished.set(key, (this.#unfinished.get(key) ?? 0) + 1);
    if (key === this.#lastKey) return;
    if (this.#lastKey !== undefined) this.#severalUntil = this.#clock.monotonic() + TURNS_MS;
    this.#lastKey = key;
  }

  /** Flushes under way at once while keys take turns; undefined: they do not. */
  get flushesMax(): number | undefined {
    return this.#areTaken ? LIGHT_FLUSHES_MAX + 1 : undefined;
  }

  get #areTaken(): boolean {
    return this.#clock.monotonic() < this.#severalUntil;
  }

  /** What the next flush may be of, in this order; none: another flush has to end first. */
  choose<W extends Waiting<Item>>(waiting: readonly W[]): readonly W[] {
    if (!this.#areTaken) return waiting;
    const { light = [], heavy = [] } = Object.groupBy(waiting, ({ item }) =>
      this.#isLight(item) ? "light" : "heavy",
    );
    if (light.length > 0 && this.#flushes.light < LIGHT_FLUSHES_MAX) return light;
    if (heavy.length === 0 || this.#flushes.heavy > 0 || this.#waitMs > 0) return [];
    return inTurns(this.#partsOf(heavy), ({ item }) => this.#keyOf(item));
  }

  /** Calls back when heavy items have waited long enough for flushes of light ones, should none end before. */
  lookAgain(look: () => void): void {
    const waitMs = this.#waitMs;
    if (waitMs <= 0 || this.#isTimed) return;
    this.#isTimed = true;
    this.#clock.after(Math.ceil(waitMs), () => {
      this.#isTimed = false;
      look();
    });
  }

  get #waitMs(): number {
    if (this.#flushes.light === 0) return 0;
    return this.#heavyEndedAt + HEAVY_WAIT_MS - this.#clock.monotonic();
  }

  /** A flush of chosen items begins. @returns to be called when it has ended */
  begun(batch: readonly Waiting<Item>[]): () => void {
    const kind = batch.every(({ item }) => this.#isLight(item)) ? "light" : "heavy";
    this.#flushes[kind] += 1;
    return () => {
      this.#flushes[kind] -= 1;
      if (kind === "heavy") this.#heavyEndedAt = this.#clock.monotonic();
      for (const { item } of batch) {
        const key = this.#keyOf(item);
        const left = (this.#unfinished.get(key) ?? 0) - 1;
        if (left > 0) this.#unfinished.set(key, left);
        else this.#unfinished.delete(key);
      }
    };
  }

  #isLight(item: Item): boolean {
    return (this.#unfinished.get(this.#keyOf(item)) ?? 0) <= LIGHT_MAX;
  }

  #partsOf<W extends Waiting<Item>>(heavy: W[]): W[] {
    const parts = new Map<unknown, number>();
    return heavy.filter(({ item }) => {
      const key = this.#keyOf(item);
      const part = (parts.get(key) ?? 0) + 1;
      parts.set(key, part);
      return part <= HEAVY_PART;
    });
  }
}
