/**
 * All lanes of this node: found by endpoint, bounded together, taken in fair turn: one of each
 * environment, in it one of each application, in it one of each lane, before a second of any.
 *
 *   idle ─something due, may start─► ready ─its turn─► taken ─ended─► idle
 *                                      └─ pace, rate or share says not yet ─► held, or idle ─┘
 *
 * What its share stops leaves the rotation and comes back when an attempt of its own ends: it has at
 * least one, else its share would not stop it. So a turn costs the same however many are stopped.
 */
import { endpointRoom, hasNewcomerRoom } from "../core/share.ts";
import type { Clock, UnixMs } from "../core/types.ts";
import type { DueDelivery } from "../storage/deliveries/claim-due.ts";
import type { Target } from "../storage/endpoints/load-targets.ts";
import { Application, type Environment } from "./application.ts";
import { Holds } from "./holds.ts";
import { bytesOf, Lane } from "./lane.ts";
import type { WaitReason } from "./pace.ts";
import { Shares, SLOTS } from "./shares.ts";
import { Turns } from "../core/turns.ts";

/** Lanes kept although nothing is known of them any more, for what they learned of their receiver. */
const IDLE_LANES_MAX = 10_000;
/** Slots that probes of dead endpoints may hold together, and when the others ask again. */
const PROBES_MAX = SLOTS / 4;
const PROBE_AGAIN_MS = 1_000;

export interface Taken {
  lane: Lane;
  application: Application<Lane>;
  delivery: DueDelivery;
  isProbe: boolean;
  /** Attempts of its lane under way when it started, itself included. */
  atOnce: number;
  /** The rates it was started under. */
  rates: number;
}

export interface Waiting {
  because: WaitReason;
  until: UnixMs;
}

export interface LanesOptions {
  clock: Clock;
  owns: (bucket: number) => boolean;
  /** Lanes that had to wait may start now. */
  onTime: () => void;
}

function waitReason(lane: Lane): WaitReason | null {
  const { application, pace } = lane;
  if (pace.breaker.state !== "closed") return lane.idle ? null : "breaker_open";
  if (lane.heldUntil > -Infinity) return pace.waitReason;
  const isHeld = application !== undefined && application.heldUntil > -Infinity;
  return isHeld && lane.queued > 0 ? "application_throttled" : null;
}

export class Lanes {
  readonly shares = new Shares();
  readonly #options: LanesOptions;
  readonly #lanes = new Map<string, Lane>();
  /** Environments with something to start. */
  readonly #turns = new Turns<Environment<Lane>>();
  readonly #holds: Holds<Lane | Application<Lane>>;
  #probes = 0;

  constructor(options: LanesOptions) {
    this.#options = options;
    this.#holds = new Holds<Lane | Application<Lane>>(
      options.clock,
      (item) => (item instanceof Application ? this.#wake(item) : this.makeReady(item)),
      options.onTime,
    );
  }

  get count(): number {
    return this.#lanes.size;
  }

  get queued(): number {
    return this.shares.total.rows;
  }

  get queuedBytes(): number {
    return this.shares.total.bytes;
  }

  get inFlight(): number {
    return this.shares.total.slots;
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

  /**
   * @param isClaimed a claim brought it, which had reserved room for its row
   * @returns false when it is already in memory, or cannot be now: it is then claimed later
   */
  offer(lane: Lane, delivery: DueDelivery, isClaimed = false): boolean {
    const application = lane.application ?? this.shares.join(lane, delivery);
    const { shares } = this;
    if (lane.parked || (isClaimed ? shares.claimedFor(lane) : shares.rowsFor(lane)) <= 0) {
      if (!lane.has(delivery)) lane.lookAgain();
      return false;
    }
    if (!lane.offer(delivery)) return false;
    this.shares.count(application, 1, bytesOf(delivery));
    this.makeReady(lane);
    return true;
  }

  makeReady(lane: Lane): void {
    if (!lane.canStart || lane.application === undefined) return;
    lane.application.turns.add(lane);
    this.#wake(lane.application);
  }

  /** Whatever the lane was held for, its pace is asked again. */
  lift(lane: Lane): void {
    this.#holds.lift(lane);
    this.makeReady(lane);
  }

  /** The next delivery in fair turn, counted as under way. */
  take(): Taken | undefined {
    while (this.inFlight < SLOTS) {
      const environment = this.#turns.next();
      if (environment === undefined) return undefined;
      const room = this.shares.slotsOf(environment);
      if (room <= 0) continue;
      const application = environment.turns.next();
      if (application === undefined) continue;
      const taken = this.#takeOf(application, room);
      if (!environment.turns.isEmpty) this.#turns.add(environment);
      if (taken !== undefined) return taken;
    }
    return undefined;
  }

  /** Its slot is free, whatever comes of it. */
  freed({ lane, application, isProbe }: Taken): void {
    if (isProbe) this.#probes -= 1;
    lane.inFlight -= 1;
    this.shares.countSlots(application, -1);
    this.makeReady(lane);
    this.#wake(application);
    const { environment } = application;
    if (!environment.turns.isEmpty) this.#turns.add(environment);
  }

  /** It cannot start yet: it is the first of its lane again. */
  putBack({ lane, application, delivery }: Taken): void {
    // Its bucket may have been lost meanwhile.
    if (this.#lanes.get(lane.endpointId) !== lane) return;
    lane.putBack(delivery);
    this.shares.count(application, 1, bytesOf(delivery));
    this.makeReady(lane);
  }

  /** The rates of an endpoint and its application as they were just read. */
  learn({ lane, application }: Taken, target: Target): void {
    if (lane.target === target) return;
    lane.target = target;
    const perSecond = target.throttleRate ?? Infinity;
    if (lane.pace.throttle.perSecond !== perSecond) {
      lane.pace.throttle.perSecond = perSecond;
      lane.rates += 1;
    }
    application.limit(target);
    application.share(this.#options.owns);
  }

  /** Whether what was taken may start under the rates as they are now known; counts it if so. */
  admit({ lane, application, rates }: Taken): boolean {
    if (rates === lane.rates + application.rates) return true;
    const now = this.#options.clock.monotonic();
    const { throttle } = lane.pace;
    if (Math.max(throttle.readyAt, application.throttle.readyAt) > now) return false;
    throttle.start(now);
    application.throttle.start(now);
    return true;
  }

  /** Buckets came or went: this node's part of the applications' rates is another. */
  reshare(): void {
    for (const application of this.shares.applications) application.share(this.#options.owns);
  }

  /** Why what is due of an endpoint waits although there are slots; null: it does not. */
  waiting(endpointId: string): Waiting | null {
    const lane = this.#lanes.get(endpointId);
    const because = lane === undefined ? null : waitReason(lane);
    if (lane === undefined || because === null) return null;
    const held = Math.max(lane.heldUntil, lane.application?.heldUntil ?? -Infinity);
    const { clock } = this.#options;
    return { because, until: clock.now() + Math.max(0, held - clock.monotonic()) };
  }

  countWaiting(): Record<WaitReason, number> {
    const counts = {
      throttled: 0,
      application_throttled: 0,
      failing: 0,
      breaker_open: 0,
      ramping: 0,
    };
    for (const lane of this.#lanes.values()) {
      const because = waitReason(lane);
      if (because !== null) counts[because] += 1;
    }
    return counts;
  }

  /** Gives what a lane has queued back to the database. */
  clear(lane: Lane): void {
    for (const delivery of lane.clear()) {
      if (lane.application !== undefined) {
        this.shares.count(lane.application, -1, -bytesOf(delivery));
      }
    }
  }

  /** Forgets every lane of the buckets; what is in flight ends on its own. */
  drop(buckets: ReadonlySet<number>): void {
    for (const lane of this.#lanes.values()) {
      if (!buckets.has(lane.bucket)) continue;
      this.clear(lane);
      lane.more = false;
      this.#forget(lane);
    }
  }

  /** Lets idle lanes go once there are very many. */
  trim(): void {
    if (this.#lanes.size <= IDLE_LANES_MAX) return;
    for (const lane of this.#lanes.values()) {
      if (lane.idle && !lane.parked) this.#forget(lane);
      if (this.#lanes.size <= IDLE_LANES_MAX) return;
    }
  }

  stop(): void {
    this.#holds.stop();
  }

  *[Symbol.iterator](): IterableIterator<Lane> {
    yield* this.#lanes.values();
  }

  #takeOf(application: Application<Lane>, room: number): Taken | undefined {
    if (!hasNewcomerRoom(room, application.usage.slots)) return undefined;
    if (application.throttle.readyAt > -Infinity) {
      const { readyAt } = application.throttle;
      if (readyAt > this.#options.clock.monotonic()) {
        this.#holds.hold(application, readyAt);
        return undefined;
      }
    }
    const lane = application.turns.next();
    const taken = lane === undefined ? undefined : this.#takeFrom(lane, application, room);
    this.#wake(application);
    return taken;
  }

  #takeFrom(lane: Lane, application: Application<Lane>, room: number): Taken | undefined {
    const slots = application.usage.slots;
    if (!lane.canStart || endpointRoom(room, slots, lane.inFlight) <= 0) return undefined;
    const isProbe = lane.pace.breaker.state !== "closed";
    if (lane.pace.readyAt > -Infinity && this.#mustWait(lane, isProbe)) return undefined;
    const delivery = lane.take();
    if (delivery === undefined) return undefined;
    if (isProbe) this.#probes += 1;
    lane.inFlight += 1;
    this.shares.count(application, -1, -bytesOf(delivery));
    this.shares.countSlots(application, 1);
    this.#countStart(lane, application);
    this.makeReady(lane);
    const rates = lane.rates + application.rates;
    return { lane, application, delivery, isProbe, atOnce: lane.inFlight, rates };
  }

  #mustWait(lane: Lane, isProbe: boolean): boolean {
    const now = this.#options.clock.monotonic();
    const { readyAt } = lane.pace;
    if (isProbe && readyAt <= now && this.#probes >= PROBES_MAX) {
      this.#holds.hold(lane, now + PROBE_AGAIN_MS);
      return true;
    }
    if (readyAt <= now) return false;
    // While a probe is under way nobody knows until when; its end lifts the hold.
    if (readyAt < Infinity) this.#holds.hold(lane, readyAt);
    return true;
  }

  #countStart(lane: Lane, application: Application<Lane>): void {
    if (!lane.pace.isLimited && application.throttle.perSecond === Infinity) return;
    const now = this.#options.clock.monotonic();
    lane.pace.started(now);
    application.throttle.start(now);
  }

  /** Into the rotation, if it has anything to start and its rate allows. */
  #wake(application: Application<Lane>): void {
    if (application.turns.isEmpty || application.heldUntil !== -Infinity) return;
    application.environment.turns.add(application);
    this.#turns.add(application.environment);
  }

  #forget(lane: Lane): void {
    this.#lanes.delete(lane.endpointId);
    this.shares.leave(lane);
  }
}
