/** An open loop: events begin when they are due, however slow the answers are. */
import { monotonicMs } from "./time.ts";

export interface Pace {
  perSecond: number;
  /** Without it, until stopped. */
  seconds?: number;
}

const TICK_MS = 1;

/** @returns the running loop; `done` resolves when the last event has ended */
export function startPace(
  { perSecond, seconds = Infinity }: Pace,
  event: (number: number) => Promise<void>,
): { done: Promise<void>; stop: () => void } {
  const startedAt = monotonicMs();
  const running: Promise<void>[] = [];
  let last = seconds * perSecond;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const tick = (): void => {
    const due = Math.min(last, ((monotonicMs() - startedAt) * perSecond) / 1000);
    for (let number = running.length; number < due; number += 1) {
      const started = event(number);
      started.catch(reject);
      running.push(started);
    }
    if (running.length < last) setTimeout(tick, TICK_MS);
    else Promise.all(running).then(() => resolve(), reject);
  };
  tick();
  return {
    done: promise,
    stop: () => {
      last = Math.min(last, running.length);
    },
  };
}
