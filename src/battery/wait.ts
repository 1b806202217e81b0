/** Waiting that ends by itself: at its time, at the deadline, or when the wait is called off. */
import type { Clock } from "../core/types.ts";
import type { Limits } from "./connectors/connector.ts";

export type WaitEnd = "elapsed" | "deadline" | "stopped";

/** @param durationMs real milliseconds; Infinity waits for the deadline */
export function wait(clock: Clock, durationMs: number, limits: Limits): Promise<WaitEnd> {
  const { signal, deadlineAt } = limits;
  if (signal.aborted) return Promise.resolve("stopped");
  const leftMs = Math.max(0, deadlineAt - clock.monotonic());
  const end: WaitEnd = durationMs <= leftMs ? "elapsed" : "deadline";
  return new Promise((resolve) => {
    const onStop = (): void => {
      cancel();
      resolve("stopped");
    };
    const cancel = clock.after(Math.min(durationMs, leftMs), () => {
      signal.removeEventListener("abort", onStop);
      resolve(end);
    });
    signal.addEventListener("abort", onStop, { once: true });
  });
}

/** Limits that end no later than `durationMs` from now. */
export function within(clock: Clock, limits: Limits, durationMs: number): Limits {
  const deadlineAt = Math.min(limits.deadlineAt, clock.monotonic() + durationMs);
  return { deadlineAt, signal: limits.signal };
}
