/** Time that stands still until the test moves it, for deadlines without waiting. */
import type { Clock } from "../../src/core/types.ts";

export interface ManualClock extends Clock {
  /** Moves time on and runs what becomes due, in order. */
  advance(durationMs: number): void;
  /** Timers that are neither run nor cancelled. */
  pending(): number;
}

interface Timer {
  dueMs: number;
  task: () => void;
}

export function createManualClock(startMs = 1_800_000_000_000): ManualClock {
  let elapsedMs = 0;
  const timers = new Set<Timer>();
  const nextDue = (untilMs: number): Timer | undefined =>
    [...timers].filter((timer) => timer.dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs)[0];
  return {
    now: () => startMs + elapsedMs,
    monotonic: () => elapsedMs,
    after(delayMs, task) {
      const timer = { dueMs: elapsedMs + delayMs, task };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    advance(durationMs) {
      const untilMs = elapsedMs + durationMs;
      for (let timer = nextDue(untilMs); timer !== undefined; timer = nextDue(untilMs)) {
        timers.delete(timer);
        elapsedMs = Math.max(elapsedMs, timer.dueMs);
        timer.task();
      }
      elapsedMs = untilMs;
    },
    pending: () => timers.size,
  };
}
