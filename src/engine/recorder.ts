/**
 * Stores results in batches, and holds on to them while the database is away: an attempt that was
 * made must not be forgotten. What can no longer count (its bucket went to another node) is dropped
 * by the database itself, through the epoch.
 */
import { GroupCommit } from "../core/group-commit.ts";
import type { Clock, Log } from "../core/types.ts";
import { recordAttempts } from "../storage/attempts/record-attempts.ts";
import {
  disableEndpoint,
  type HealthChange,
  noteEndpointHealth,
} from "../storage/endpoints/note-health.ts";
import type { Target } from "../storage/endpoints/load-targets.ts";
import type { Storage } from "../storage/storage.ts";
import type { Attempted } from "./attempt.ts";
import type { Targets } from "./targets.ts";

const BATCH_MAX = 500;
const FLUSHES_MAX = 2;
const RETRY_MS_MAX = 2_000;

export class Recorder {
  readonly #results: GroupCommit<Attempted, boolean>;
  readonly #storage: Storage;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #targets: Targets;
  /** Targets whose health was compared with the database since they were loaded. */
  readonly #compared = new WeakSet<Target>();
  /** Health is noted in the order in which it turned, whatever flush it came from. */
  #noting: Promise<void> = Promise.resolve();

  constructor(options: { storage: Storage; clock: Clock; log: Log; targets: Targets }) {
    this.#storage = options.storage;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#targets = options.targets;
    this.#results = new GroupCommit({
      batchMax: BATCH_MAX,
      flushesMax: FLUSHES_MAX,
      flush: (batch) => this.#flush(batch),
    });
  }

  /** Results not yet committed: when they pile up, no new attempts should start. */
  get size(): number {
    return this.#results.size;
  }

  /** @returns after the commit, whether the result counted */
  add(attempted: Attempted): Promise<boolean> {
    return this.#results.add(attempted);
  }

  drained(): Promise<void> {
    return this.#results.drained();
  }

  async #flush(batch: Attempted[]): Promise<boolean[]> {
    const records = batch.map(({ record }) => record);
    const counted = await this.#persist(() => recordAttempts(this.#storage, records));
    const valid = batch.filter(({ record }) => counted.has(record.attemptId));
    await this.#noteHealth(valid);
    await this.#disable(valid);
    return records.map(({ attemptId }) => counted.has(attemptId));
  }

  async #noteHealth(batch: Attempted[]): Promise<void> {
    const changes = this.#healthChanges(batch);
    if (changes.length === 0) return;
    this.#noting = this.#noting.then(() =>
      this.#persist(() => noteEndpointHealth(this.#storage, changes)),
    );
    await this.#noting;
  }

  /** Endpoints whose health turned in this batch; the cached targets learn it too. */
  #healthChanges(batch: Attempted[]): HealthChange[] {
    const changes = new Map<string, HealthChange>();
    for (const { target: used, record, decision } of batch) {
      const target = this.#targets.current(used);
      const turned = decision.succeeded !== (target.failingSince === null);
      if (!turned && this.#compared.has(target)) continue;
      this.#compared.add(target);
      if (turned) target.failingSince = decision.succeeded ? null : record.attemptedAt;
      const { applicationId, endpointId, failingSince } = target;
      changes.set(endpointId, { applicationId, endpointId, failingSince });
    }
    return [...changes.values()];
  }

  async #disable(batch: Attempted[]): Promise<void> {
    const disabled = new Set<string>();
    for (const { decision, target } of batch) {
      const { applicationId, endpointId } = target;
      const reason = decision.disable;
      if (reason === null || disabled.has(endpointId)) continue;
      disabled.add(endpointId);
      const endpoint = { applicationId, endpointId, reason };
      if (await this.#persist(() => disableEndpoint(this.#storage, endpoint))) {
        this.#log.warn(endpoint, "Endpoint disabled.");
      }
    }
  }

  async #persist<T>(work: () => Promise<T>): Promise<T> {
    for (let delayMs = 50; ; delayMs = Math.min(delayMs * 2, RETRY_MS_MAX)) {
      try {
        return await work();
      } catch (error) {
        this.#log.warn({ err: error, delayMs }, "Results could not be stored yet; trying again.");
        await new Promise<void>((resolve) => {
          this.#clock.after(delayMs, resolve);
        });
      }
    }
  }
}
