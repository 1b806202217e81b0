/**
 * Watches one application for all who look at it here: reads the database once a second, whichever node did
 * the work. Ids are made a moment before their rows are committed, and by clocks that differ a little, so
 * each reading looks back some seconds and leaves out what was told.
 */
import type { Clock, Log, UnixMs } from "../../core/types.ts";
import type { Storage } from "../../storage/storage.ts";
import { type News, readNews, type WatchedApplication } from "./news.ts";

const PERIOD_MS = 1_000;
/** As far apart as clocks may be before health warns. */
export const OVERLAP_MS = 30_000;
/** Rows committed just before the first reading may be of the moment after somebody began to look. */
const START_SLACK_MS = 1_000;
/** Longer than rows are read again. */
const REMEMBERED_MS = 2 * OVERLAP_MS;

export interface FeedOptions {
  storage: Storage;
  clock: Clock;
  log: Log;
}

export interface FeedListener {
  /** @param gap more happened than is told: look at the lists again */
  told(news: readonly News[], gap: boolean): void;
}

export class Feed {
  readonly listeners = new Set<FeedListener>();
  readonly #options: FeedOptions;
  readonly #application: WatchedApplication;
  readonly #startedAt: UnixMs;
  /** What was told, and when it was read last. */
  readonly #told = new Map<string, number>();
  /** The first reading takes what is there for known. */
  #first = true;
  #stopped = false;
  #cancel: (() => void) | undefined;

  constructor(options: FeedOptions, application: WatchedApplication) {
    this.#options = options;
    this.#application = application;
    this.#startedAt = options.clock.now();
    void this.#run();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#options;
    try {
      await this.#read();
    } catch (error) {
      log.debug({ err: error }, "A live view could not be read; trying again.");
    }
    if (this.#stopped) return;
    this.#cancel = clock.after(PERIOD_MS, () => void this.#run());
  }

  async #read(): Promise<void> {
    const { storage, clock } = this.#options;
    const since = clock.now() - OVERLAP_MS;
    const { news, cutAt } = await readNews(storage, this.#application, since);
    const now = clock.monotonic();
    const gap = !this.#first && cutAt.some(({ key }) => !this.#told.has(key));
    const from = this.#first ? this.#startedAt - START_SLACK_MS : -Infinity;
    const fresh = news.filter(({ key, at }) => !this.#told.has(key) && at >= from);
    for (const { key } of news) this.#told.set(key, now);
    for (const [key, readAt] of this.#told) {
      if (readAt < now - REMEMBERED_MS) this.#told.delete(key);
    }
    this.#first = false;
    if (this.#stopped || (fresh.length === 0 && !gap)) return;
    for (const listener of this.listeners) listener.told(fresh, gap);
  }
}
