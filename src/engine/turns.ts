/** Who is waiting for a turn, first come first served; in or out by a flag, so nobody waits twice. */

/** Compacted once this many have left: often enough to stay small, seldom enough to cost nothing. */
const SPENT_MAX = 1_024;

export interface TakesTurns {
  /** Waits for its turn now. */
  ready: boolean;
}

export class Turns<Item extends TakesTurns> {
  #items: Item[] = [];
  #head = 0;

  get isEmpty(): boolean {
    return this.#head === this.#items.length;
  }

  add(item: Item): void {
    if (item.ready) return;
    item.ready = true;
    this.#items.push(item);
  }

  next(): Item | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    item.ready = false;
    this.#head += 1;
    if (this.isEmpty) {
      this.#items.length = 0;
      this.#head = 0;
    } else if (this.#head > SPENT_MAX && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
