/** What must wait until a time, whatever number of it: a heap and one timer for the earliest. */
import type { Clock } from "../core/types.ts";

export interface Holdable {
  /** Monotonic ms; -Infinity: not held. */
  heldUntil: number;
}

interface Hold<Item> {
  until: number;
  item: Item;
}

export class Holds<Item extends Holdable> {
  readonly #clock: Clock;
  readonly #onFree: (item: Item) => void;
  readonly #onTime: () => void;
  /** A binary heap, the earliest first. Holds that were lifted stay in it until their time. */
  readonly #heap: Hold<Item>[] = [];
  #timer: { at: number; cancel: () => void } | undefined;

  /** `onFree` for each item whose time has come; `onTime` once after all of them. */
  constructor(clock: Clock, onFree: (item: Item) => void, onTime: () => void) {
    this.#clock = clock;
    this.#onFree = onFree;
    this.#onTime = onTime;
  }

  hold(item: Item, until: number): void {
    if (item.heldUntil === until) return;
    item.heldUntil = until;
    this.#push({ until, item });
    this.#arm();
  }

  /** Its time need not come any more. */
  lift(item: Item): void {
    item.heldUntil = -Infinity;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#heap.length = 0;
  }

  #arm(): void {
    const [first] = this.#heap;
    if (first === undefined || (this.#timer !== undefined && this.#timer.at <= first.until)) return;
    this.#timer?.cancel();
    const at = first.until;
    const delayMs = Math.max(0, Math.ceil(at - this.#clock.monotonic()));
    this.#timer = { at, cancel: this.#clock.after(delayMs, () => this.#fire()) };
  }

  #fire(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    for (let first = this.#heap[0]; first !== undefined && first.until <= now;) {
      this.#pop();
      const { item, until } = first;
      first = this.#heap[0];
      if (item.heldUntil !== until) continue;
      item.heldUntil = -Infinity;
      this.#onFree(item);
    }
    this.#arm();
    this.#onTime();
  }

  #push(hold: Hold<Item>): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const above = heap[up];
      if (above === undefined || above.until <= hold.until) break;
      heap[at] = above;
      at = up;
    }
    heap[at] = hold;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      const right = heap[down + 1];
      let below = heap[down];
      if (below !== undefined && right !== undefined && right.until < below.until) {
        down += 1;
        below = right;
      }
      if (below === undefined || below.until >= last.until) break;
      heap[at] = below;
      at = down;
    }
    heap[at] = last;
  }
}
