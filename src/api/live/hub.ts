/** Who watches which application on this node, within bounds: one feed serves all who watch the same. */
import { Feed, type FeedListener, type FeedOptions } from "./feed.ts";
import type { WatchedApplication } from "./news.ts";

const STREAMS_MAX = 256;
const STREAMS_PER_CALLER_MAX = 32;
/** Each is read once a second. */
const FEEDS_MAX = 64;

/** What is used up; undefined: nothing is. */
export type Shortage = "caller" | "node";

export class LiveHub {
  readonly #options: FeedOptions;
  readonly #feeds = new Map<string, Feed>();
  readonly #perCaller = new Map<string, number>();
  readonly #ends = new Set<() => void>();

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  shortage(callerId: string, { applicationId }: WatchedApplication): Shortage | undefined {
    if ((this.#perCaller.get(callerId) ?? 0) >= STREAMS_PER_CALLER_MAX) return "caller";
    if (this.#ends.size >= STREAMS_MAX) return "node";
    return this.#feeds.has(applicationId) || this.#feeds.size < FEEDS_MAX ? undefined : "node";
  }

  /**
   * @param end what ends the stream when the server stops
   * @returns how to stop listening
   */
  add(
    callerId: string,
    application: WatchedApplication,
    { listener, end }: { listener: FeedListener; end: () => void },
  ): () => void {
    const { applicationId } = application;
    const feed = this.#feeds.get(applicationId) ?? new Feed(this.#options, application);
    this.#feeds.set(applicationId, feed);
    feed.listeners.add(listener);
    this.#perCaller.set(callerId, (this.#perCaller.get(callerId) ?? 0) + 1);
    this.#ends.add(end);
    return () => {
      if (!this.#ends.delete(end)) return;
      const left = (this.#perCaller.get(callerId) ?? 0) - 1;
      if (left > 0) this.#perCaller.set(callerId, left);
      else this.#perCaller.delete(callerId);
      feed.listeners.delete(listener);
      if (feed.listeners.size > 0) return;
      feed.stop();
      this.#feeds.delete(applicationId);
    };
  }

  /** Ends every stream: the server stops, and clients go to another node. */
  endAll(): void {
    for (const end of this.#ends) end();
  }
}
