/**
 * What all nodes have to do and who does it, read when somebody asks and remembered for a while, so that no
 * number of open pages costs more.
 */
import { BUCKET_COUNT } from "../../core/bucket.ts";
import type { Clock } from "../../core/types.ts";
import {
  estimateWaiting,
  type WaitingEstimate,
} from "../../storage/deliveries/estimate-waiting.ts";
import {
  type BacklogState,
  findOldestDue,
  type OldestDue,
} from "../../storage/deliveries/find-oldest-due.ts";
import { type DatabaseFacts, describeDatabase } from "../../storage/describe-database.ts";
import {
  type BucketCount,
  countBuckets,
  type ListedNode,
  listNodes,
} from "../../storage/nodes/list-nodes.ts";
import type { Storage } from "../../storage/storage.ts";

/** Looking at a large backlog probes an index some thousands of times. */
const REMEMBERED_MS = 5_000;

export interface SystemFacts {
  nodes: ListedNode[];
  buckets: { delivery: BucketCount; device: BucketCount };
  /** By state; null: nothing is. */
  oldestDueSeconds: Record<BacklogState, number | null>;
  estimate: WaitingEstimate;
  database: DatabaseFacts;
}

function oldestOf(rows: readonly OldestDue[], state: BacklogState): number | null {
  const found = rows.filter((row) => row.state === state).map(({ overdueMs }) => overdueMs);
  // Below zero: owed, but later.
  return found.length === 0 ? null : Math.max(0, Math.round(Math.max(...found) / 1_000));
}

async function read(storage: Storage): Promise<SystemFacts> {
  const cursors = Array.from({ length: BUCKET_COUNT }, (_, bucket) => ({
    bucket,
    afterEndpointId: "",
  }));
  // One after the other: a page may wait, others need the connections.
  const nodes = await listNodes(storage);
  const buckets = await countBuckets(storage);
  const { oldest } = await findOldestDue(storage, cursors);
  const estimate = await estimateWaiting(storage);
  const database = await describeDatabase(storage);
  const oldestDueSeconds = {
    waiting: oldestOf(oldest, "waiting"),
    backed_off: oldestOf(oldest, "backed_off"),
    parked: oldestOf(oldest, "parked"),
  };
  return { nodes, buckets, oldestDueSeconds, estimate, database };
}

export class SystemView {
  readonly #storage: Storage;
  readonly #clock: Clock;
  #reading: Promise<SystemFacts> | undefined;
  #readAt = -Infinity;

  /** @param storage not of a request: what is read is of all tenants, and tells of none */
  constructor(storage: Storage, clock: Clock) {
    this.#storage = storage;
    this.#clock = clock;
  }

  look(): Promise<SystemFacts> {
    const now = this.#clock.monotonic();
    if (this.#reading !== undefined && now - this.#readAt < REMEMBERED_MS) return this.#reading;
    const reading = read(this.#storage);
    this.#reading = reading;
    this.#readAt = now;
    reading.catch(() => {
      if (this.#reading === reading) this.#reading = undefined;
    });
    return reading;
  }
}
