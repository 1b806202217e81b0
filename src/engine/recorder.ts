/**
 * Stores results in batches, and holds on to them while the database is away: an attempt that was
 * made must not be forgotten. What can no longer count (its bucket went to another node) is dropped
 * by the database itself, through the epoch.
 */
import { GroupCommit } from "../core/group-commit.ts";
import { type IdSource, timeOfId } from "../core/ids.ts";
import type { Clock, Log, UnixMs } from "../core/types.ts";
import { type AttemptRecord, recordAttempts } from "../storage/attempts/record-attempts.ts";
import {
  disableEndpoint,
  type HealthChange,
  noteEndpointHealth,
} from "../storage/endpoints/note-health.ts";
import type { Target } from "../storage/endpoints/load-targets.ts";
import { publishAttemptEvents } from "../storage/operational/publish-attempt-events.ts";
import type { Storage } from "../storage/storage.ts";
import type { Attempted } from "./attempt.ts";
import { attemptEvents } from "./operational-events.ts";
import type { Targets } from "./targets.ts";

const BATCH_MAX = 1_000;
const FLUSHES_MAX = 2;
/**
 * Nobody waits for a result to be stored, and a statement has its price whatever it stores: under load few
 * results wait for more, and all of them for the statement before. What a killed node has sent and not stored is sent
 * again, at most so much more. Medians of alternated runs on a busy machine: without and with 256 results or 20 ms
 * `drain` 0.319 and 0.329 of the floor and 45.6 and 40.3 µs of PostgreSQL's CPU a delivery (nine each), `ingest` 0.165
 * and 0.168, 64.1 and 58.3 µs (eight); with 500 and one statement at a time instead of two 0.469 → 0.481, Node 31.6 →
 * 30.4, PostgreSQL 22.3 → 20.6 µs (four; two at a time on two cores take them from who sends). Rejected: 5 ms or 64 (as
 * without), 10 ms or 128 (37.6 µs where 256 had 35.3), 40 ms (0.486 where 20 ms had 0.481, within noise), 40 ms or
 * 1,000 (0.503 where this had 0.504).
 */
const SPACING_MS = 20;
const SPACING_ITEMS = 500;
/** A statement that takes longer hangs: the next one does not wait for it. */
const ALONE_MS = 100;
const RETRY_MS_MAX = 2_000;

export class Recorder {
  readonly #results: GroupCommit<Attempted, boolean>;
  readonly #storage: Storage;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #ids: IdSource;
  readonly #targets: Targets;
  /** Targets whose health was compared with the database since they were loaded. */
  readonly #compared = new WeakSet<Target>();
  readonly #flushing = new Set<Attempted[]>();
  /** Health is noted in the order in which it turned, whatever flush it came from. */
  #noting: Promise<void> = Promise.resolve();

  constructor(options: {
    storage: Storage;
    clock: Clock;
    log: Log;
    ids: IdSource;
    targets: Targets;
    recordSpacingMs?: number | undefined;
  }) {
    this.#storage = options.storage;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#ids = options.ids;
    this.#targets = options.targets;
    this.#results = new GroupCommit({
      batchMax: BATCH_MAX,
      flushesMax: FLUSHES_MAX,
      spacing: {
        clock: this.#clock,
        ms: options.recordSpacingMs ?? SPACING_MS,
        items: () => SPACING_ITEMS,
        aloneMs: ALONE_MS,
      },
      flush: (batch) => this.#flush(batch),
    });
  }

  /** Results not yet committed: when they pile up, no new attempts should start. */
  get size(): number {
    return this.#results.size;
  }

  /** @param stored is told after the commit, and whether the result counted; neither it nor `failed` may throw */
  add(
    attempted: Attempted,
    stored: (counted: boolean) => void,
    failed: (error: unknown) => void,
  ): void {
    this.#results.addFor(attempted, stored, failed);
  }

  /** Stores what waits now, if it is so much. */
  hurry(results: number): void {
    this.#results.hurry(results);
  }

  drained(): Promise<void> {
    return this.#results.drained();
  }

  /** Every attempt that ended before is committed; undefined: that cannot be told just now. */
  committedBefore(): UnixMs | undefined {
    if (this.size === 0) return this.#clock.now();
    // They are taken in the order in which they ended: the first of each batch is its oldest.
    const firsts = [...this.#flushing].map(([first]) => first).concat(this.#results.oldestWaiting);
    const times = firsts
      .filter((first) => first !== undefined)
      .map(({ record }) => timeOfId(record.attemptId));
    return times.length === 0 || times.includes(undefined)
      ? undefined
      : Math.min(...times.map((time) => time ?? 0));
  }

  async #flush(batch: Attempted[]): Promise<boolean[]> {
    this.#flushing.add(batch);
    try {
      return await this.#store(batch);
    } finally {
      this.#flushing.delete(batch);
    }
  }

  async #store(batch: Attempted[]): Promise<boolean[]> {
    const records = batch.map(({ record }) => record);
    const late = await this.#persist(() => recordAttempts(this.#storage, records));
    const counts = ({ attemptId }: AttemptRecord): boolean =>
      late.size === 0 || !late.has(attemptId);
    const valid = batch.filter(({ record }) => counts(record));
    await this.#noteHealth(valid);
    await this.#disable(valid);
    await this.#tell(valid);
    return records.map(counts);
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
      const eventId = this.#ids.make("msg_");
      if (await this.#persist(() => disableEndpoint(this.#storage, endpoint, eventId))) {
        this.#log.warn(endpoint, "Endpoint disabled.");
      }
    }
  }

  /** Operational events of what was just recorded. Not worth holding up deliveries: tried once. */
  async #tell(batch: Attempted[]): Promise<void> {
    const events = batch.flatMap((attempted) => attemptEvents(attempted, this.#ids));
    if (events.length === 0) return;
    try {
      await publishAttemptEvents(this.#storage, events, this.#storage.now());
    } catch (error) {
      this.#log.warn({ err: error, events: events.length }, "Operational events were lost.");
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
