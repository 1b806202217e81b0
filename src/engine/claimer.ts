/**
 * Brings due rows into memory. Two ways in: a lane that ran low asks for more of its rows; a sweep
 * over the owned buckets finds lanes this node has not heard of (retries that came due, rows of a
 * dead node, rows other nodes published). One claim and one sweep at a time; both are batches.
 */
import { inTurns } from "../core/in-turns.ts";
import type { Clock, Log, Tracer, UnixMs } from "../core/types.ts";
import {
  claimDueDeliveries,
  type DueRow,
  type LaneRoom,
  loadPayloads,
  needsPayload,
  readMessages,
} from "../storage/deliveries/claim-due.ts";
import { type BucketCursor, findWaitingLanes } from "../storage/deliveries/find-waiting-lanes.ts";
import type { Storage } from "../storage/storage.ts";
import type { HandOffs } from "./hand-offs.ts";
import type { Lane } from "./lane.ts";
import type { Lanes } from "./lanes.ts";
import type { Ownership } from "./ownership.ts";

const SWEEP_MS = 1_000;
/** A lane due sooner than this gets a timer of its own; later ones are found by a later sweep. */
const TIMER_MS_MAX = 3 * SWEEP_MS;
const LANES_PER_CLAIM = 128;
const ROWS_PER_CLAIM = 4_000;
const ROWS_PER_LANE_MIN = 16;
/**
 * So that a claim is worth its statement, where there is room; asked for when half of it is used. A lane that asks
 * again so soon gets twice as many each time. `drain`, medians of five alternated runs: always 64 rows 0.443 of the
 * floor (35.5 + 24.5 µs of Node's and PostgreSQL's CPU a delivery), 192 0.456, 256 0.473 (32.9 + 22.4), 384 0.453; as
 * here, of four in another hour, 32.1 + 22.1 where always 256 had 32.2 + 22.2.
 */
const ROWS_PER_LANE = 64;
const SOON_MS = 200;
const ROWS_PER_LANE_MAX = 256;
/**
 * Of what it asked for, this part is left when a lane joins a claim that another asks for: 700 → 265 claims in `drain`,
 * 0.436 → 0.474 of the floor together with reading on (medians of four alternated runs).
 */
const JOINS_BELOW = 3 / 4;
/** A row may become visible this long after its due time: the longest a statement may take, and some. */
const LATE_COMMIT_MS = 35_000;

function floorOf(lane: Lane): UnixMs {
  return lane.dueFloor - LATE_COMMIT_MS;
}

export interface ClaimerOptions {
  storage: Storage;
  clock: Clock;
  log: Log;
  lanes: Lanes;
  handOffs: HandOffs;
  ownership: Ownership;
  nodeId: () => string;
  tracer: Tracer | undefined;
  /** New rows are in memory. */
  onClaimed: () => void;
  onSwept: () => void;
}

export class Claimer {
  readonly #options: ClaimerOptions;
  readonly #wanting = new Set<Lane>();
  /** Would soon want: they share the next claim, so that lanes of one pace ask together. */
  readonly #joining = new Set<Lane>();
  readonly #cursors = new Map<number, string>();
  #claiming: Promise<void> | undefined;
  #sweeping: Promise<void> | undefined;
  #sweepAgain = false;
  #cancelSweep: (() => void) | undefined;
  #stopped = false;

  constructor(options: ClaimerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#scheduleSweep();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelSweep?.();
    await this.#sweeping;
    await this.#claiming;
  }

  /** Sweeps buckets that were just acquired or announced, now. */
  look(buckets: Iterable<number>): void {
    // A pass under way goes on: starting over at every hint would never reach its end.
    for (const bucket of buckets) {
      if (!this.#cursors.has(bucket)) this.#cursors.set(bucket, "");
    }
    this.#sweepAgain = true;
    this.#sweep();
  }

  forget(buckets: Iterable<number>): void {
    for (const bucket of buckets) this.#cursors.delete(bucket);
  }

  /** Claims for this lane when it runs low and the database may hold more. */
  refill(lane: Lane): void {
    if (!lane.more || lane.parked || lane.claiming || this.#stopped) return;
    if (lane.queued > lane.asked / 2) {
      if (lane.queued <= lane.asked * JOINS_BELOW) this.#joining.add(lane);
      return;
    }
    if (this.#rowsFor(lane) <= 0) return;
    this.#wanting.add(lane);
    this.#claim();
  }

  /** Looks at the lane again when its next delivery is due. */
  wake(lane: Lane, dueInMs: number): void {
    const { clock, lanes } = this.#options;
    if (dueInMs > TIMER_MS_MAX) return;
    // A timer that fires a fraction early would find nothing and wait for the next sweep.
    const delayMs = Math.max(0, Math.ceil(dueInMs)) + 1;
    const at = clock.monotonic() + delayMs;
    if (lane.wakeAt <= at) return;
    lane.wakeAt = at;
    clock.after(delayMs, () => {
      if (lane.wakeAt > at) return;
      lane.wakeAt = Infinity;
      if (lanes.get(lane.endpointId) !== lane) return;
      lane.lookAgain();
      this.refill(lane);
    });
  }

  #scheduleSweep(): void {
    if (this.#stopped) return;
    this.#cancelSweep = this.#options.clock.after(SWEEP_MS, () => {
      this.#sweepAgain = true;
      this.#sweep();
      this.#scheduleSweep();
    });
  }

  #sweep(): void {
    if (this.#sweeping !== undefined || this.#stopped) return;
    this.#sweeping = (async () => {
      while (this.#sweepAgain && !this.#stopped) {
        this.#sweepAgain = false;
        await this.#sweepOnce();
      }
    })()
      .catch((error: unknown) => {
        this.#options.log.warn(
          { err: error },
          "The sweep for due deliveries failed; trying again.",
        );
      })
      .finally(() => {
        this.#sweeping = undefined;
        this.#options.onSwept();
        if (this.#sweepAgain) this.#sweep();
      });
  }

  async #sweepOnce(): Promise<void> {
    const { storage, lanes, ownership } = this.#options;
    const cursors: BucketCursor[] = [];
    for (const [bucket, afterEndpointId] of this.#cursors)
      cursors.push({ bucket, afterEndpointId });
    if (cursors.length === 0) return;
    const found = await findWaitingLanes(storage, cursors);
    for (const { bucket, afterEndpointId } of found.next) {
      if (this.#cursors.has(bucket)) this.#cursors.set(bucket, afterEndpointId);
    }
    for (const { bucket, endpointId, dueInMs } of found.lanes) {
      const epoch = ownership.epochOf(bucket);
      if (epoch === undefined) continue;
      const known = lanes.get(endpointId);
      if (dueInMs > TIMER_MS_MAX && known === undefined) continue;
      const lane = known ?? lanes.getOrMake(bucket, epoch, endpointId);
      if (dueInMs > 0) {
        this.wake(lane, dueInMs);
        continue;
      }
      // What is due may be in flight already; a lane with nothing queued may have missed some.
      if (lane.queued > 0) continue;
      if (lane.known === 0) lane.dueFloor = 0;
      lane.lookAgain();
      this.refill(lane);
    }
    lanes.trim();
  }

  #claim(): void {
    if (this.#claiming !== undefined || this.#stopped) return;
    this.#claiming = this.#claimAll().finally(() => {
      this.#claiming = undefined;
      if (this.#wanting.size > 0) this.#claim();
    });
  }

  async #claimAll(): Promise<void> {
    // One turn later, so that lanes that ran low together share the statement.
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    while (this.#wanting.size > 0 && !this.#stopped) {
      const batch = this.#nextBatch();
      for (const lane of batch) this.#wanting.delete(lane);
      const open = batch.filter((lane) => lane.more && !lane.parked && this.#rowsFor(lane) > 0);
      await this.#claimBatch(open);
    }
  }

  /** One lane of each application before a second of any. */
  #nextBatch(): Lane[] {
    const wanting = [...this.#wanting];
    const batch =
      wanting.length < LANES_PER_CLAIM
        ? [...wanting, ...this.#joining.difference(this.#wanting)]
        : inTurns(wanting, (lane) => lane.application ?? lane);
    this.#joining.clear();
    return batch.slice(0, LANES_PER_CLAIM);
  }

  #rowsFor(lane: Lane): number {
    return this.#options.lanes.shares.rowsFor(lane);
  }

  async #claimBatch(batch: Lane[]): Promise<void> {
    if (batch.length === 0) return;
    const { storage, log, nodeId, onClaimed, ownership, tracer } = this.#options;
    const { rooms, giveBack } = this.#reserveRooms(batch);
    for (const lane of batch) lane.claimStarted();
    const span = tracer?.begin("amps.claim", { "amps.lanes": batch.length }, null);
    let awaited: ReadonlySet<string> | undefined;
    try {
      const rows = await claimDueDeliveries(storage, nodeId(), rooms);
      this.#noteFound(batch, rooms, rows);
      const unread = rows.filter((row) => !row.hasMessage && this.#laneFor(row) !== undefined);
      await readMessages(storage, unread);
      const newRows = rows.some(needsPayload)
        ? this.#accept(await this.#load(this.#choose(rows)))
        : this.#accept(rows);
      span?.end({ "amps.rows": rows.length, "amps.new_rows": newRows });
      awaited = this.#awaited(rows);
    } catch (error) {
      span?.end({}, "not claimed");
      for (const lane of batch) lane.lookAgain();
      log.warn({ err: error }, "Due deliveries could not be claimed; the next sweep tries again.");
    } finally {
      giveBack();
      for (const lane of batch) lane.claimEnded();
    }
    onClaimed();
    if (awaited === undefined) return;
    for (const lane of batch) {
      // Or a ramp that was found out too late to be over would slow down the next burst.
      if (lane.hasCaughtUp) lane.pace.ramp.end();
      // The hand-off asks; until then a claim would find the same rows again and again.
      if (awaited.has(lane.endpointId)) continue;
      // Asked for while this claim was under way; its answer may be from before.
      if (ownership.epochOf(lane.bucket) === lane.epoch) this.refill(lane);
    }
  }

  /**
   * What each lane may read: no more than it can use, nor than has room beside the others' rows. Without
   * reserving that room, lanes of many applications were all promised the same: of 1,000 endpoints'
   * rows a third was read for nothing.
   */
  #reserveRooms(batch: Lane[]): { rooms: LaneRoom[]; giveBack: () => void } {
    const { shares } = this.#options.lanes;
    const fairRows = Math.floor(ROWS_PER_CLAIM / batch.length);
    const now = this.#options.clock.monotonic();
    const reserved: (() => void)[] = [];
    const rooms = batch.map((lane) => {
      const isSoon = now - lane.askedAt < SOON_MS;
      lane.ample = isSoon ? Math.min(lane.ample * 2, ROWS_PER_LANE_MAX) : ROWS_PER_LANE;
      lane.askedAt = now;
      const ample = Math.max(lane.ample, lane.pace.concurrency * 4);
      const useful = Math.max(ROWS_PER_LANE_MIN, Math.min(ample, fairRows));
      const most = Math.min(useful, ROWS_PER_LANE_MAX, Math.ceil(this.#rowsFor(lane)));
      const wanted = Math.max(1, most);
      reserved.push(shares.reserveRows(lane, wanted));
      lane.asked = wanted;
      const { bucket, epoch, endpointId } = lane;
      return { bucket, epoch, endpointId, ...this.#placeOf(lane, wanted) };
    });
    return { rooms, giveBack: () => reserved.forEach((give) => give()) };
  }

  /**
   * Where a claim begins: after what the last one read, if that left more and was long enough ago that no row due
   * before can become visible any more. Else at the oldest row that may be left, and reads again what is in memory:
   * in `drain` 41 of 100 rows.
   */
  #placeOf(lane: Lane, wanted: number): Pick<LaneRoom, "dueAfter" | "known" | "limit"> {
    const { clock } = this.#options;
    const { readTo } = lane;
    if (readTo !== undefined && readTo < clock.now() - LATE_COMMIT_MS) {
      const known = Math.min(lane.readTwice, lane.known);
      return { dueAfter: readTo, known, limit: known + wanted };
    }
    const { known } = lane;
    return { dueAfter: floorOf(lane), known, limit: known + wanted };
  }

  /** What the claim tells about each lane: its oldest row, and whether more are due. */
  #noteFound(batch: Lane[], rooms: LaneRoom[], rows: DueRow[]): void {
    const found = new Map<
      string,
      { count: number; firstAt: UnixMs; lastAt: UnixMs; last: number }
    >();
    for (const { endpointId, dueAt } of rows) {
      const seen = found.get(endpointId);
      if (seen === undefined) {
        found.set(endpointId, { count: 1, firstAt: dueAt, lastAt: dueAt, last: 1 });
        continue;
      }
      seen.count += 1;
      seen.last = seen.lastAt === dueAt ? seen.last + 1 : 1;
      seen.lastAt = dueAt;
    }
    for (const [index, lane] of batch.entries()) {
      const seen = found.get(lane.endpointId);
      const room = rooms[index];
      if (seen === undefined || room === undefined) continue;
      if (room.dueAfter === floorOf(lane)) lane.dueFloor = seen.firstAt;
      if (seen.count >= room.limit) lane.foundMore(seen.lastAt, seen.last);
    }
  }

  /** Endpoints with rows that will be handed off. */
  #awaited(rows: readonly DueRow[]): ReadonlySet<string> {
    const { handOffs } = this.#options;
    const expected = rows.filter(({ messageId }) => handOffs.expects(messageId));
    return new Set(expected.map(({ endpointId }) => endpointId));
  }

  /** The lane that takes it; undefined: it is there already, or will be, or may not be. */
  #laneFor(row: DueRow): Lane | undefined {
    const { handOffs, lanes } = this.#options;
    const lane = lanes.get(row.endpointId);
    return lane?.has(row) === true || handOffs.expects(row.messageId) ? undefined : lane;
  }

  /** New rows whose payloads have room in memory; the others wait in the database. */
  #choose(rows: DueRow[]): DueRow[] {
    const { lanes } = this.#options;
    const full = new Set<Lane>();
    return rows.filter((row) => {
      const lane = this.#laneFor(row);
      if (lane === undefined) return false;
      if (full.has(lane) || lanes.shares.bytesFor(lane) <= 0) {
        // What follows must not overtake it.
        full.add(lane);
        lane.lookAgain();
        return false;
      }
      lanes.shares.reserve(lane, row, row.payloadBytes);
      return true;
    });
  }

  /** Their bytes are reserved until they are queued, so that nobody else takes the room meanwhile. */
  async #load(chosen: DueRow[]): Promise<DueRow[]> {
    const { lanes, storage } = this.#options;
    const reserved = chosen.map((row) => ({ row, lane: lanes.get(row.endpointId) }));
    try {
      return await loadPayloads(storage, chosen);
    } finally {
      for (const { row, lane } of reserved) {
        if (lane !== undefined) lanes.shares.reserve(lane, row, -row.payloadBytes);
      }
    }
  }

  /** Queues what is not there already. @returns how many */
  #accept(rows: readonly DueRow[]): number {
    const { handOffs, lanes, ownership } = this.#options;
    let accepted = 0;
    for (const row of rows) {
      const lane = lanes.get(row.endpointId);
      if (lane === undefined || ownership.epochOf(row.bucket) !== row.epoch) continue;
      if (handOffs.expects(row.messageId)) continue;
      if (row.hasMessage) accepted += lanes.offer(lane, row, true) ? 1 : 0;
      else if (!lane.has(row)) lane.lookAgain();
    }
    return accepted;
  }
}
