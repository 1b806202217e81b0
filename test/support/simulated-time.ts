/** Moves a test node's time on in small steps, and lets it finish at each what it then has to do. */
import type { ManualClock } from "./manual-clock.ts";
import type { FaultyStorage } from "./test-node.ts";

/** Whatever works on a storage whose statements can be counted. */
export interface CountedNode {
  readonly storage: FaultyStorage;
}

/** Turns of the event loop without a statement under way, after which nothing more is going to happen. */
const QUIET_TURNS = 8;

export class SimulatedTime {
  readonly #clock: ManualClock;
  readonly #node: CountedNode;

  constructor(clock: ManualClock, node: CountedNode) {
    this.#clock = clock;
    this.#node = node;
  }

  /** Nothing is to be done any more before time moves on. */
  async quiet(): Promise<void> {
    for (let turns = 0; turns < QUIET_TURNS;) {
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
      turns = this.#node.storage.underWay === 0 ? turns + 1 : 0;
    }
  }

  /** @param each before each step */
  async run(
    durationMs: number,
    stepMs: number,
    each: () => void | Promise<void> = () => undefined,
  ): Promise<void> {
    const end = this.#clock.monotonic() + durationMs;
    while (this.#clock.monotonic() < end) {
      await each();
      this.#clock.advance(Math.min(stepMs, end - this.#clock.monotonic()));
      await this.quiet();
    }
  }
}
