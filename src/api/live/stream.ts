/** One watcher's stream of server-sent events, from its first byte to whatever ends it. */
import { Readable } from "node:stream";
import type { Clock, UnixMs } from "../../core/types.ts";
import { writeJson } from "../json-text.ts";
import type { FeedListener } from "./feed.ts";
import type { News } from "./news.ts";

const HEARTBEAT_MS = 15_000;
/** A revoked key, an ended session or a deleted application ends the stream so soon. */
const CHECK_MS = 5_000;
const RETRY_MS = 2_000;
/** What a reader may leave unread; it comes back and goes on where it was. */
const UNREAD_BYTES_MAX = 256 * 1024;
/** Who does not read the end in this time does not hold up a stopping server. */
const FAREWELL_MS = 1_000;

export interface StreamOptions {
  clock: Clock;
  /** Whether the caller may still watch. */
  mayWatch: () => Promise<boolean>;
}

export class LiveStream implements FeedListener {
  readonly readable = new Readable({ read: () => undefined, highWaterMark: UNREAD_BYTES_MAX });
  readonly #options: StreamOptions;
  readonly #cancels = new Set<() => void>();
  #ended = false;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.readable.once("close", () => this.#stop());
    this.#write(`retry: ${RETRY_MS}\n: watching\n\n`);
    this.#repeat(HEARTBEAT_MS, () => this.#write(": still here\n\n"));
    this.#repeat(CHECK_MS, () => void this.#check());
  }

  told(news: readonly News[], gap: boolean): void {
    if (gap) this.#write("event: gap\ndata: {}\n\n");
    for (const { kind, at, data } of news) {
      this.#write(`id: ${at}\nevent: ${kind}\ndata: ${writeJson(data)}\n\n`);
    }
  }

  /** @param reason for people who look at the stream */
  end(reason: "stopping" | "access"): void {
    if (this.#ended) return;
    this.#write(`event: end\ndata: {"reason":"${reason}"}\n\n`);
    this.#stop();
    this.readable.push(null);
    const cancel = this.#options.clock.after(FAREWELL_MS, () => this.readable.destroy());
    this.readable.once("close", cancel);
  }

  #write(text: string): void {
    if (this.#ended) return;
    if (this.readable.readableLength > UNREAD_BYTES_MAX) {
      this.readable.destroy();
      this.#stop();
      return;
    }
    this.readable.push(text);
  }

  #repeat(periodMs: number, task: () => void): void {
    const cancel = this.#options.clock.after(periodMs, () => {
      this.#cancels.delete(cancel);
      if (this.#ended) return;
      task();
      this.#repeat(periodMs, task);
    });
    this.#cancels.add(cancel);
  }

  async #check(): Promise<void> {
    // A database that does not answer just now revokes nothing.
    const may = await this.#options.mayWatch().catch(() => true);
    if (!may) this.end("access");
  }

  #stop(): void {
    this.#ended = true;
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }
}

/** Where a client that comes back left off; undefined: it is new, or says nothing that we said. */
export function readLastEventId(header: unknown, now: UnixMs): UnixMs | undefined {
  if (typeof header !== "string" || !/^\d{13}$/.test(header)) return undefined;
  return Math.min(Number(header), now);
}
