/**
 * Simulated time: `speed` times as fast as the clock it is made from. Stopped and stepped time is the
 * same with a clock that tests move by hand.
 */
import type { Clock } from "../../../core/types.ts";

/** Where simulated and real time agree; fixed, so that time does not jump at a restart. */
const EPOCH_MS = Date.UTC(2026, 0, 1);

export function createSimulatedClock(clock: Clock, speed: number): Clock {
  return {
    now: () => EPOCH_MS + Math.round((clock.now() - EPOCH_MS) * speed),
    monotonic: () => clock.monotonic() * speed,
    after: (delayMs, task) => clock.after(delayMs / speed, task),
  };
}
