/** Keeps partitions ahead of time and drops those whose retention is over. One duty, once an hour. */
import type { Clock, Log, UnixMs } from "../core/types.ts";
import { dropPartitions, ensurePartitions } from "../storage/partitions/partitions.ts";
import { pruneIdempotency } from "../storage/idempotency/prune-idempotency.ts";
import { prunePortalSessions } from "../storage/portal/prune-portal-sessions.ts";
import type { Storage } from "../storage/storage.ts";

const PERIOD_MS = 3_600_000;
/** How long messages and attempts are kept (`svix-api.md` §8.5: 90 days). */
export const RETENTION_MS = 90 * 24 * 3_600_000;
/** How long an idempotency key is remembered; at least 12 h (`reliability.md`, input 50). */
export const IDEMPOTENCY_MS = 24 * 3_600_000;

export class PartitionKeeper {
  readonly #storage: Storage;
  readonly #clock: Clock;
  readonly #log: Log;
  #cancel: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(storage: Storage, clock: Clock, log: Log) {
    this.#storage = storage;
    this.#clock = clock;
    this.#log = log;
  }

  /** Resolves once today's partitions exist. */
  async start(): Promise<void> {
    await this.#keep(this.#clock.now());
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#running;
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#cancel = this.#clock.after(PERIOD_MS, () => {
      this.#running = this.#keep(this.#clock.now())
        .catch((error: unknown) => {
          this.#log.error({ err: error }, "Partitions could not be kept; trying again in an hour.");
        })
        .finally(() => this.#schedule());
    });
  }

  async #keep(now: UnixMs): Promise<void> {
    const made = await ensurePartitions(this.#storage, now);
    if (made.length > 0) this.#log.info({ made }, "Partitions made.");
    const dropped = await dropPartitions(this.#storage, now - RETENTION_MS);
    if (dropped.length > 0) this.#log.info({ dropped }, "Partitions past retention dropped.");
    await pruneIdempotency(this.#storage, now - IDEMPOTENCY_MS);
    await prunePortalSessions(this.#storage, now);
  }
}
