/** All lanes of this node: found by endpoint, taken in turn, bounded together. */
import type { DueDelivery } from "../storage/deliveries/claim-due.ts";
import { Lane } from "./lane.ts";

/** Deliveries in memory, payload bytes in memory: past either, rows wait in the database. */
const QUEUED_MAX = 20_000;
const QUEUED_BYTES_MAX = 32 * 1024 * 1024;
/** Lanes kept although nothing is known of them any more, for what they learned of their receiver. */
const IDLE_LANES_MAX = 10_000;

export class Lanes {
  readonly #lanes = new Map<string, Lane>();
  #ready: Lane[] = [];
  #readyHead = 0;
  #queued = 0;
  #queuedBytes = 0;

  get count(): number {
    return this.#lanes.size;
  }

  get queued(): number {
    return this.#queued;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  get full(): boolean {
    return this.#queued >= QUEUED_MAX || this.#queuedBytes >= QUEUED_BYTES_MAX;
  }

  get bytesFree(): number {
    return Math.max(0, QUEUED_BYTES_MAX - this.#queuedBytes);
  }

  get(endpointId: string): Lane | undefined {
    return this.#lanes.get(endpointId);
  }

  getOrMake(bucket: number, epoch: number, endpointId: string): Lane {
    let lane = this.#lanes.get(endpointId);
    if (lane === undefined) {
      lane = new Lane(bucket, epoch, endpointId);
      this.#lanes.set(endpointId, lane);
    }
    lane.epoch = epoch;
    return lane;
  }

  /** @returns false when it is already in memory, or cannot be now: it is then claimed later */
  offer(lane: Lane, delivery: DueDelivery): boolean {
    if (this.full || lane.parked) {
      lane.more = true;
      return false;
    }
    if (!lane.offer(delivery)) return false;
    this.#queued += 1;
    this.#queuedBytes += delivery.payload?.length ?? 0;
    this.makeReady(lane);
    return true;
  }

  makeReady(lane: Lane): void {
    if (lane.ready || !lane.canStart) return;
    lane.ready = true;
    this.#ready.push(lane);
  }

  /** The next delivery in fair turn: one of each ready lane before a second of any. */
  take(): { lane: Lane; delivery: DueDelivery } | undefined {
    for (;;) {
      const lane = this.#ready[this.#readyHead];
      if (lane === undefined) return undefined;
      this.#readyHead += 1;
      if (this.#readyHead > 1024 && this.#readyHead * 2 > this.#ready.length) {
        this.#ready = this.#ready.slice(this.#readyHead);
        this.#readyHead = 0;
      }
      lane.ready = false;
      if (!lane.canStart) continue;
      const delivery = lane.take();
      if (delivery === undefined) continue;
      this.#left(delivery);
      lane.inFlight += 1;
      this.makeReady(lane);
      return { lane, delivery };
    }
  }

  /** Gives what a lane has queued back to the database. */
  clear(lane: Lane): void {
    for (const delivery of lane.clear()) this.#left(delivery);
  }

  /** Forgets every lane of the buckets; what is in flight ends on its own. */
  drop(buckets: ReadonlySet<number>): void {
    for (const lane of this.#lanes.values()) {
      if (!buckets.has(lane.bucket)) continue;
      this.clear(lane);
      lane.more = false;
      this.#lanes.delete(lane.endpointId);
    }
  }

  /** Lets idle lanes go once there are very many. */
  trim(): void {
    if (this.#lanes.size <= IDLE_LANES_MAX) return;
    for (const lane of this.#lanes.values()) {
      if (lane.idle && !lane.parked) this.#lanes.delete(lane.endpointId);
      if (this.#lanes.size <= IDLE_LANES_MAX) return;
    }
  }

  *[Symbol.iterator](): IterableIterator<Lane> {
    yield* this.#lanes.values();
  }

  #left(delivery: DueDelivery): void {
    this.#queued -= 1;
    this.#queuedBytes -= delivery.payload?.length ?? 0;
  }
}
