/**
 * Waiting without sleeping: whatever may change a condition signals, and only then is the condition
 * looked at again. The deadline is there to say what did not happen.
 */
export class Events {
  #signals = 0;
  #listeners = new Set<() => void>();

  /** Bound, so that it can be handed over as a callback. */
  readonly signal = (): void => {
    this.#signals += 1;
    for (const listener of this.#listeners) listener();
  };

  /** Resolves once `condition` holds; rejects after `timeoutMs`, with what `describe` says. */
  async until(
    condition: () => boolean | Promise<boolean>,
    { timeoutMs = 15_000, describe = () => condition.toString() } = {},
  ): Promise<void> {
    const deadline = AbortSignal.timeout(timeoutMs);
    while (!deadline.aborted) {
      const seen = this.#signals;
      if (await condition()) return;
      if (seen === this.#signals) await this.#next(deadline);
    }
    throw new Error(`Waited ${timeoutMs} ms in vain for: ${describe()}`);
  }

  /** Resolves at the next signal, or at the deadline. */
  #next(deadline: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#listeners.delete(done);
        deadline.removeEventListener("abort", done);
        resolve();
      };
      this.#listeners.add(done);
      deadline.addEventListener("abort", done);
    });
  }
}
