/**
 * Tells when the engine has nothing left to do by itself. Microtasks and immediates run in the order
 * in which they were made, which one seed repeats; a simulation only has to wait until they are done.
 */

export interface Immediates {
  /** Resolves when no immediate and no microtask is left. */
  settled(): Promise<void>;
  /** Gives back the `setImmediate` that was there before. */
  restore(): void;
}

/** Counts the immediates of this thread from now on. */
export function countImmediates(): Immediates {
  const original = globalThis.setImmediate;
  let pending = 0;
  globalThis.setImmediate = new Proxy(original, {
    apply: (_target, _this, [task, ...given]: [(...given: unknown[]) => void, ...unknown[]]) => {
      pending += 1;
      return original(() => {
        pending -= 1;
        task(...given);
      });
    },
  });
  return {
    settled: () =>
      new Promise((resolve) => {
        // Between two immediates Node runs all microtasks: when this one runs, none is left.
        const look = (): void => {
          if (pending === 0) resolve();
          else original(look);
        };
        original(look);
      }),
    restore: () => {
      globalThis.setImmediate = original;
    },
  };
}
