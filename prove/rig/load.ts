/** Publishes at a steady rate to whatever nodes there are, and writes each 202 into the ledger. */
import { setTimeout as delay } from "node:timers/promises";
import { Agent, request } from "undici";
import { SANDBOX_KEY } from "../../test/support/server-process.ts";
import type { Random } from "../random.ts";
import { type Ledger, sha256 } from "./ledger.ts";

export interface LoadOptions {
  ledger: Ledger;
  random: Random;
  /** Where to publish now; a request takes one of them. */
  urls: () => readonly string[];
  eventTypes: readonly string[];
  perSecond: number;
  workers?: number;
  timeoutMs?: number;
  /** Characters of padding in each payload. */
  paddingLength?: number;
}

/** Waiting for a node to come up, when there is none. */
const PAUSE_MS = 20;

export class Load {
  /** Answers other than 202, by status; requests without an answer under 0: their events may exist. */
  readonly refused = new Map<number, number>();
  /** When the last 202 came. */
  lastAcceptedAt = 0;
  /** May be changed at any time. */
  perSecond: number;
  readonly #options: LoadOptions;
  readonly #agent: Agent;
  readonly #workers: Promise<void>[] = [];
  #count = 0;
  #stopped = false;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.perSecond = options.perSecond;
    const timeoutMs = options.timeoutMs ?? 10_000;
    this.#agent = new Agent({
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      connect: { timeout: timeoutMs },
    });
  }

  start(): this {
    const workers = this.#options.workers ?? 8;
    for (let index = 0; index < workers; index += 1) this.#workers.push(this.#work(workers));
    return this;
  }

  /** No request is under way afterwards. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#workers);
    await this.#agent.destroy();
  }

  /** Answers other than 202, and none. */
  get refusals(): number {
    return this.refused.values().reduce((sum, count) => sum + count, 0);
  }

  /** When the first 202 after this moment came; never yet: Infinity. */
  firstAcceptedAfter(at: number): number {
    return this.#options.ledger.accepted.find((each) => each.at > at)?.at ?? Infinity;
  }

  async #work(workers: number): Promise<void> {
    const { random } = this.#options;
    while (!this.#stopped) {
      const startedAt = performance.now();
      const urls = this.#options.urls();
      if (urls.length === 0) await delay(PAUSE_MS);
      else await this.#publish(random.pick(urls));
      const everyMs = (1_000 * workers) / this.perSecond;
      const restMs = everyMs * (0.5 + random.next()) - (performance.now() - startedAt);
      if (restMs > 1) await delay(restMs);
    }
  }

  async #publish(url: string): Promise<void> {
    const { ledger, eventTypes, paddingLength = 250 } = this.#options;
    const n = (this.#count += 1);
    const eventType = eventTypes[n % eventTypes.length] ?? "";
    // Spaces and an escape: what arrives must be these very bytes.
    const payload = `{"n": ${n}, "note":"caf\\u00e9 ${"x".repeat(paddingLength)}"}`;
    try {
      const { statusCode, body } = await request(`${url}/api/v1/app/default/msg`, {
        dispatcher: this.#agent,
        method: "POST",
        headers: { authorization: `Bearer ${SANDBOX_KEY}`, "content-type": "application/json" },
        body: `{"eventType":"${eventType}","payload":${payload}}`,
      });
      if (statusCode !== 202) {
        await body.dump();
        this.#refuse(statusCode);
        return;
      }
      // The contract's answer to a publish.
      const { id } = (await body.json()) as { id: string };
      this.lastAcceptedAt = Date.now();
      ledger.accept({ messageId: id, hash: sha256(payload), at: this.lastAcceptedAt });
    } catch {
      this.#refuse(0);
    }
  }

  #refuse(status: number): void {
    this.refused.set(status, (this.refused.get(status) ?? 0) + 1);
  }
}
