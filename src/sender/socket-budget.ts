/**
 * How many sockets may be open at once, so that a burst of slow receivers cannot take the last file
 * descriptor from the API and the database. Connections over the bound wait, first come first
 * served.
 */
import { abortReason } from "./connect-failure.ts";

export interface SocketBudget {
  /**
   * Resolves when a socket may be opened; rejects with the signal's reason. Pair with `release`.
   */
  take(signal: AbortSignal): Promise<void>;
  release(): void;
}

export function createSocketBudget(socketsMax: number): SocketBudget {
  let open = 0;
  const waiting = new Set<() => void>();
  return {
    take(signal) {
      if (open < socketsMax) {
        open++;
        return Promise.resolve();
      }
      return new Promise((resolve, reject) => {
        const onAbort = (): void => {
          waiting.delete(grant);
          reject(abortReason(signal));
        };
        const grant = (): void => {
          signal.removeEventListener("abort", onAbort);
          resolve();
        };
        signal.addEventListener("abort", onAbort, { once: true });
        waiting.add(grant);
      });
    },
    release() {
      const [next] = waiting;
      if (next === undefined) {
        open--;
        return;
      }
      // The slot passes on without becoming free, so that nobody overtakes.
      waiting.delete(next);
      next();
    },
  };
}
