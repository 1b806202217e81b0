/** Warns of failing endpoints before they are disabled, from time to time and on any node (`core/failing.ts`). */
import type { IdSource } from "../core/ids.ts";
import type { Clock, Log } from "../core/types.ts";
import { warnOfFailing } from "../storage/endpoints/warn-of-failing.ts";
import type { Storage } from "../storage/storage.ts";

/** Warnings are days apart. */
const PERIOD_MS = 60_000;

export interface FailingWatchOptions {
  storage: Storage;
  clock: Clock;
  log: Log;
  ids: IdSource;
  /** A look has ended. */
  onLooked?: () => void;
}

export class FailingWatch {
  readonly #options: FailingWatchOptions;
  #cancel: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: FailingWatchOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#stopped) return;
    this.#cancel = this.#options.clock.after(PERIOD_MS, () => {
      this.#running = this.#look().then(() => this.start());
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#running;
  }

  async #look(): Promise<void> {
    const { storage, ids, log, onLooked } = this.#options;
    try {
      for (let more = true; more && !this.#stopped;) {
        const found = await warnOfFailing(storage, () => ids.make("msg_"));
        for (const endpoint of found.warned) {
          log.warn(endpoint, "An endpoint has been failing for long; it will be disabled.");
        }
        more = found.more;
      }
    } catch (error) {
      log.warn({ err: error }, "Failing endpoints could not be looked at; trying again later.");
    }
    onLooked?.();
  }
}
