/**
 * The deliveries of one endpoint in the memory of its owner: a bounded queue of what is due, what is
 * in flight, and what pace its receiver has shown to bear.
 *
 *   in database ─claim or hand-off─► queued ─start─► in flight ─result─► unrecorded ─commit─► gone
 */
import type { DueDelivery } from "../storage/deliveries/claim-due.ts";
import type { UnixMs } from "../core/types.ts";
import type { Target } from "../storage/endpoints/load-targets.ts";
import type { Application } from "./application.ts";
import { Pace } from "./pace.ts";

/** One message may be owed twice to one endpoint: by its chain and by a manual resend. */
function keyOf(delivery: { messageId: string; trigger: number }): string {
  return delivery.trigger === 0 ? delivery.messageId : `${delivery.messageId}/${delivery.trigger}`;
}

export function bytesOf(delivery: DueDelivery): number {
  return delivery.payload?.length ?? 0;
}

export class Lane {
  readonly bucket: number;
  readonly endpointId: string;
  epoch: number;
  /** Attempts under way. */
  inFlight = 0;
  readonly pace = new Pace();
  /** Whose it is; unknown until its first delivery. */
  application: Application<Lane> | undefined;
  /** The target its rates were last read from. */
  target: Target | undefined;
  /** Grows with each change of its own rate. */
  rates = 0;
  /** The database may hold due rows of this endpoint that are not in memory. */
  more = false;
  /** The endpoint is disabled: its rows stay where they are. */
  parked = false;
  /** Waits for its turn among its application's lanes. */
  ready = false;
  /** Whose turn is after its own. */
  following: Lane | undefined;
  /** Its pace allows nothing before this (monotonic ms); -Infinity: not known to wait. */
  heldUntil = -Infinity;
  /** Payload bytes of what is queued, or being read for it. */
  queuedBytes = 0;
  claiming = false;
  /** Rows that the last claim was to bring. */
  asked = Infinity;
  /** When that was (monotonic ms), and how many it could have used then. */
  askedAt = -Infinity;
  ample = 0;
  /** Every row due before this is done: a claim need not pass their dead index entries. 0: unknown. */
  dueFloor: UnixMs = 0;
  /** Every row due before this is in memory or done, and the next claim reads on from here; undefined: not known. */
  readTo: UnixMs | undefined;
  /** Rows due right then that were read already. */
  readTwice = 0;
  /** When a timer will look at this lane again (monotonic ms); Infinity: no timer. */
  wakeAt = Infinity;
  #queue: (DueDelivery | undefined)[] = [];
  #head = 0;
  #known = new Set<string>();
  /** Since the claim under way began, nothing was given back that it may have passed. */
  #isOnTrack = false;
  /** Recorded while a claim was under way: that claim may still show them. */
  #doneMeanwhile = new Set<string>();

  constructor(bucket: number, epoch: number, endpointId: string) {
    this.bucket = bucket;
    this.epoch = epoch;
    this.endpointId = endpointId;
  }

  get queued(): number {
    return this.#queue.length - this.#head;
  }

  /** Rows in memory, in flight and unrecorded ones included. */
  get known(): number {
    return this.#known.size;
  }

  get idle(): boolean {
    return this.#known.size === 0 && !this.more && !this.claiming;
  }

  /** Nothing that is due is left, as far as anybody knows. */
  get hasCaughtUp(): boolean {
    return this.queued === 0 && !this.more && !this.claiming;
  }

  get canStart(): boolean {
    return (
      this.inFlight < this.pace.concurrency &&
      this.queued > 0 &&
      this.heldUntil === -Infinity &&
      !this.parked
    );
  }

  /** In memory already, or recorded since the claim that shows it began. */
  has(delivery: { messageId: string; trigger: number }): boolean {
    const key = keyOf(delivery);
    return this.#known.has(key) || this.#doneMeanwhile.has(key);
  }

  /** @returns false when it is known already */
  offer(delivery: DueDelivery): boolean {
    if (this.has(delivery)) return false;
    this.#known.add(keyOf(delivery));
    this.#queue.push(delivery);
    this.queuedBytes += bytesOf(delivery);
    return true;
  }

  take(): DueDelivery | undefined {
    const delivery = this.#queue[this.#head];
    if (delivery === undefined) return undefined;
    // Or it would be kept alive, with its payload, until the list is cut.
    this.#queue[this.#head] = undefined;
    this.#head += 1;
    this.queuedBytes -= bytesOf(delivery);
    if (this.#head > 64 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return delivery;
  }

  /** Was taken, but could not start: it is the next again. */
  putBack(delivery: DueDelivery): void {
    this.#queue.splice(this.#head, 0, delivery);
    this.queuedBytes += bytesOf(delivery);
  }

  /** Its result is committed. */
  forget(delivery: { messageId: string; trigger: number }): void {
    const key = keyOf(delivery);
    this.#known.delete(key);
    if (this.claiming) this.#doneMeanwhile.add(key);
  }

  /** It is still owed, and no longer in memory. */
  giveBack(delivery: { messageId: string; trigger: number }): void {
    this.forget(delivery);
    this.#lostTrack();
  }

  /** The database may hold due rows that are not in memory, wherever among the others. */
  lookAgain(): void {
    this.more = true;
    this.#lostTrack();
  }

  /** Gives everything queued back to the database, where it never left. @returns what it was */
  clear(): DueDelivery[] {
    const dropped = this.#queue.filter((delivery) => delivery !== undefined);
    this.#lostTrack();
    for (const delivery of dropped) {
      this.#known.delete(keyOf(delivery));
      this.queuedBytes -= bytesOf(delivery);
    }
    this.#queue = [];
    this.#head = 0;
    return dropped;
  }

  claimStarted(): void {
    this.claiming = true;
    this.more = false;
    this.readTo = undefined;
    this.#isOnTrack = true;
  }

  /** The claim found as many as it asked for, the last of them, `count` in number, due at `dueAt`. */
  foundMore(dueAt: UnixMs, count: number): void {
    this.more = true;
    if (!this.#isOnTrack) return;
    // Due times are told to the millisecond: what is due a little earlier may be told as due then.
    this.readTo = dueAt - 0.5;
    this.readTwice = count;
  }

  claimEnded(): void {
    this.claiming = false;
    this.#doneMeanwhile.clear();
  }

  #lostTrack(): void {
    this.readTo = undefined;
    this.#isOnTrack = false;
  }
}
