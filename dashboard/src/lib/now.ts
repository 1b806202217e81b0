/** One clock for all relative times and countdowns of the page: one timer, however many rows. */
import { useSyncExternalStore } from "react";
import { Store } from "./store.ts";

const TICK_MS = 1_000;

const now = new Store(Date.now());
let watching = 0;
let timer: number | undefined;

function subscribe(listener: () => void): () => void {
  const leave = now.subscribe(listener);
  watching += 1;
  timer ??= window.setInterval(() => now.set(Date.now()), TICK_MS);
  return () => {
    leave();
    watching -= 1;
    if (watching > 0) return;
    window.clearInterval(timer);
    timer = undefined;
  };
}

/** The time, each second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, now.get);
}
