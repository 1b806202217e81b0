/**
 * What waits in the database, looked at when somebody asks and remembered for a while, so that no
 * number of askers costs more. Only the buckets of this node: the sum over all nodes is everything.
 */
import { BUCKET_COUNT } from "../core/bucket.ts";
import { type Metrics, type Reading, single } from "../core/metrics.ts";
import type { Clock, Log } from "../core/types.ts";
import { estimateWaiting, type WaitingEstimate } from "../storage/deliveries/estimate-waiting.ts";
import {
  BACKLOG_STATES,
  type BacklogState,
  findOldestDue,
  type OldestDue,
} from "../storage/deliveries/find-oldest-due.ts";
import type { Storage } from "../storage/storage.ts";

const REMEMBERED_MS = 15_000;
/** A database that does not answer must not hold up the rest of the figures. */
const DEADLINE_MS = 2_000;

export interface BacklogOptions {
  storage: Storage;
  clock: Clock;
  log: Log;
  isOwned: (bucket: number) => boolean;
}

/** A bucket with very many endpoints is looked at in parts, one per look. */
interface BucketView {
  afterEndpointId: string;
  /** Of the pass under way, and of the last whole one. */
  current: OldestDue[];
  whole: OldestDue[];
}

export class Backlog {
  readonly #options: BacklogOptions;
  readonly #views = new Map<number, BucketView>();
  #estimate: WaitingEstimate | undefined;
  #lookedAt = -Infinity;
  #looking: Promise<void> | undefined;

  constructor(options: BacklogOptions, metrics: Metrics) {
    this.#options = options;
    metrics.read(
      {
        name: "amps_oldest_due_seconds",
        help: "How long the most overdue delivery of this node's buckets has been due, by state.",
        labels: ["state"],
      },
      "gauge",
      () => this.#perState((rows) => Math.max(0, ...rows.map((row) => row.overdueMs / 1000))),
    );
    metrics.read(
      {
        name: "amps_owed_endpoints",
        help: "Endpoints of this node's buckets with deliveries waiting, by the state of the oldest.",
        labels: ["state"],
      },
      "gauge",
      () => this.#perState((rows) => rows.reduce((sum, row) => sum + row.endpoints, 0)),
    );
    const estimated = (name: string, help: string, value: keyof WaitingEstimate): void => {
      metrics.read({ name, help }, "gauge", () =>
        this.#estimate === undefined ? [] : single(this.#estimate[value]),
      );
    };
    estimated("amps_waiting_deliveries", "Deliveries owed, over all nodes; an estimate.", "rows");
    estimated("amps_waiting_bytes", "Size of the table of owed deliveries with indexes.", "bytes");
    estimated("amps_database_bytes", "Size of the whole database.", "databaseBytes");
  }

  /** Looks unless it did a moment ago; resolves in time whatever the database does. */
  async refresh(): Promise<void> {
    const { clock, log } = this.#options;
    if (this.#looking === undefined && clock.monotonic() - this.#lookedAt >= REMEMBERED_MS) {
      this.#lookedAt = clock.monotonic();
      this.#looking = this.#look()
        .catch((error: unknown) => {
          log.warn({ err: error }, "The backlog could not be measured; its figures are old.");
        })
        .finally(() => {
          this.#looking = undefined;
        });
    }
    let cancel = (): void => undefined;
    const late = new Promise<void>((resolve) => {
      cancel = clock.after(DEADLINE_MS, resolve);
    });
    await Promise.race([this.#looking, late]);
    cancel();
  }

  async #look(): Promise<void> {
    const { storage, isOwned } = this.#options;
    this.#estimate = await estimateWaiting(storage);
    for (const bucket of this.#views.keys()) if (!isOwned(bucket)) this.#views.delete(bucket);
    for (let bucket = 0; bucket < BUCKET_COUNT; bucket += 1) {
      if (!isOwned(bucket) || this.#views.has(bucket)) continue;
      this.#views.set(bucket, { afterEndpointId: "", current: [], whole: [] });
    }
    const cursors = [...this.#views].map(([bucket, { afterEndpointId }]) => ({
      bucket,
      afterEndpointId,
    }));
    if (cursors.length === 0) return;
    const { oldest, next } = await findOldestDue(storage, cursors);
    for (const found of oldest) this.#views.get(found.bucket)?.current.push(found);
    for (const { bucket, afterEndpointId } of next) {
      const view = this.#views.get(bucket);
      if (view === undefined) continue;
      view.afterEndpointId = afterEndpointId;
      if (afterEndpointId !== "") continue;
      view.whole = view.current;
      view.current = [];
    }
  }

  #perState(valueOf: (rows: OldestDue[]) => number): Reading[] {
    if (this.#views.size === 0) return [];
    const rows = [...this.#views.values()].flatMap(({ current, whole }) =>
      whole.length > 0 ? whole : current,
    );
    const of = (state: BacklogState): OldestDue[] => rows.filter((row) => row.state === state);
    return BACKLOG_STATES.map((state) => ({ labels: [state], value: valueOf(of(state)) }));
  }
}
