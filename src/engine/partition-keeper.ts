/**
 * Keeps partitions ahead of time and drops those whose retention is over, with what refers to them.
 * One duty, once an hour; sooner again when a long reader was in the way.
 */
import type { Clock, Log, UnixMs } from "../core/types.ts";
import { pruneLogins } from "../storage/dashboard/prune-logins.ts";
import { pruneIdempotency } from "../storage/idempotency/prune-idempotency.ts";
import { pruneEventIds } from "../storage/messages/prune-event-ids.ts";
import { expirePayloads } from "../storage/messages/expire-payloads.ts";
import {
  dropPartitions,
  ensurePartitions,
  isLocked,
  weekStart,
} from "../storage/partitions/partitions.ts";
import { prunePortalSessions } from "../storage/portal/prune-portal-sessions.ts";
import type { Storage } from "../storage/storage.ts";
import { pruneStatistics } from "../storage/statistics/prune-statistics.ts";
import { pruneTasks } from "../storage/tasks/prune-tasks.ts";

const PERIOD_MS = 3_600_000;
/** Partitions are made two weeks ahead and dropped late without harm: there is time to be polite. */
const LOCKED_PERIOD_MS = 60_000;
const DAY_MS = 24 * 3_600_000;
/** How long an idempotency key is remembered; at least 12 h (`reliability.md`, input 50). */
export const IDEMPOTENCY_MS = DAY_MS;

export class PartitionKeeper {
  readonly #storage: Storage;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #retentionMs: number;
  #cancel: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(storage: Storage, clock: Clock, log: Log, retentionDays: number) {
    this.#storage = storage;
    this.#clock = clock;
    this.#log = log;
    this.#retentionMs = retentionDays * DAY_MS;
  }

  /** Resolves once today's partitions exist, or are known to be in use by others. */
  async start(): Promise<void> {
    this.#schedule(await this.#keep(this.#clock.now()));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#running;
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    this.#cancel = this.#clock.after(delayMs, () => {
      this.#running = this.#keep(this.#clock.now())
        .catch((error: unknown) => {
          this.#log.error({ err: error }, "Partitions could not be kept; trying again in an hour.");
          return PERIOD_MS;
        })
        .then((nextMs) => this.#schedule(nextMs));
    });
  }

  /** @returns when to look again */
  async #keep(now: UnixMs): Promise<number> {
    try {
      const made = await ensurePartitions(this.#storage, now);
      if (made.length > 0) this.#log.info({ made }, "Partitions made.");
      await this.#prune(now);
      return PERIOD_MS;
    } catch (error) {
      if (!isLocked(error)) throw error;
      const detail = "A partition is in use by a long transaction; trying again in a minute.";
      this.#log.warn({ err: error }, detail);
      return LOCKED_PERIOD_MS;
    }
  }

  async #prune(now: UnixMs): Promise<void> {
    const before = now - this.#retentionMs;
    const dropped = await dropPartitions(this.#storage, before);
    if (dropped.length > 0) this.#log.info({ dropped }, "Partitions past retention dropped.");
    // As the partitions: whole weeks, so that an event id is taken as long as its message is there.
    await pruneEventIds(this.#storage, weekStart(before));
    await expirePayloads(this.#storage, now);
    await pruneTasks(this.#storage, before);
    await pruneStatistics(this.#storage, { before, now });
    await pruneIdempotency(this.#storage, now - IDEMPOTENCY_MS);
    await prunePortalSessions(this.#storage, now);
    await pruneLogins(this.#storage, now);
  }
}
