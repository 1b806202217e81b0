/** The real time. Everything else takes a `Clock`, so that tests and simulations bring their own. */
import type { Clock } from "./core/types.ts";

/** Longer waits are cut to this; Node's timers overflow at 2^31 ms (24.8 days) and fire at once. */
const DELAY_MS_MAX = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, task) => {
    const timer = setTimeout(task, Math.min(delayMs, DELAY_MS_MAX));
    return () => clearTimeout(timer);
  },
};
