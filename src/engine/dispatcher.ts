/**
 * Keeps attempts under way: takes due deliveries in fair turn, starts attempts while slots are free,
 * hands results to the recorder, and acts on what they mean for their endpoint.
 */
import { type SendResult, tellsAboutReceiver } from "../core/send-result.ts";
import type { Log } from "../core/types.ts";
import type { DueDelivery } from "../storage/deliveries/claim-due.ts";
import { dropDeliveries } from "../storage/deliveries/drop-deliveries.ts";
import type { Target } from "../storage/endpoints/load-targets.ts";
import type { Storage } from "../storage/storage.ts";
import {
  type Attempted,
  type AttemptTools,
  beginAttempt,
  type Begun,
  conclude,
} from "./attempt.ts";
import type { Claimer } from "./claimer.ts";
import type { Lane } from "./lane.ts";
import type { Lanes, Taken } from "./lanes.ts";
import type { Ownership } from "./ownership.ts";
import type { Recorder } from "./recorder.ts";
import type { Targets } from "./targets.ts";

/** Results not yet committed: above this the database is behind, and no new attempt starts. */
export const UNRECORDED_MAX = 5_000;
/** Starts in one go (some 20 µs each): whoever becomes due meanwhile waits no longer than this. */
const STARTS_PER_TURN = 64;

export interface Counters {
  attempted: number;
  delivered: number;
  failed: number;
  exhausted: number;
}

export interface DispatcherOptions {
  storage: Storage;
  log: Log;
  lanes: Lanes;
  ownership: Ownership;
  targets: Targets;
  recorder: Recorder;
  claimer: () => Claimer;
  tools: AttemptTools;
  /** A result is committed, and counted. */
  onRecorded: (attempted: Attempted) => void;
  /** A delivery was recorded, parked or given back to the database. */
  onSettled: (delivery: DueDelivery) => void;
}

export class Dispatcher {
  readonly counters: Counters = { attempted: 0, delivered: 0, failed: 0, exhausted: 0 };
  readonly #options: DispatcherOptions;
  /** Attempts under way per bucket, to know when a bucket can be let go. */
  readonly #underWay = new Map<number, number>();
  #waiters: { buckets: ReadonlySet<number>; resolve: () => void }[] = [];
  #pumpsLater = false;
  #stopped = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  get inFlight(): number {
    return this.#options.lanes.inFlight;
  }

  /** Starts no attempt from now on. */
  stop(): void {
    this.#stopped = true;
  }

  /** Resolves when nothing of these buckets is under way or unrecorded. */
  async settled(buckets: ReadonlySet<number>): Promise<void> {
    if (this.#isSettled(buckets)) return;
    await new Promise<void>((resolve) => {
      this.#waiters.push({ buckets, resolve });
    });
  }

  /** Starts what can be started. Called whenever a slot or a delivery has become free. */
  pump(): void {
    const { lanes, recorder } = this.#options;
    for (let starts = 0; !this.#stopped && recorder.size < UNRECORDED_MAX; starts += 1) {
      if (starts === STARTS_PER_TURN) {
        this.pumpLater();
        return;
      }
      const taken = lanes.take();
      if (taken === undefined) return;
      const { bucket } = taken.delivery;
      this.#underWay.set(bucket, (this.#underWay.get(bucket) ?? 0) + 1);
      this.#start(taken);
    }
  }

  /** In the next turn of the event loop, after what came in meanwhile. */
  pumpLater(): void {
    if (this.#pumpsLater) return;
    this.#pumpsLater = true;
    setImmediate(() => {
      this.#pumpsLater = false;
      this.pump();
    });
  }

  /** The endpoint changed: what its lane knows may be wrong. */
  endpointChanged(endpointId: string): void {
    const { targets, lanes, claimer } = this.#options;
    targets.changed(endpointId);
    const lane = lanes.get(endpointId);
    if (lane === undefined) return;
    lane.parked = false;
    lane.lookAgain();
    this.probe(lane);
    claimer().refill(lane);
    this.pump();
  }

  /** Something suggests that the receiver may be back. */
  probe(lane: Lane): void {
    const { breaker } = lane.pace;
    if (breaker.state === "closed" && !breaker.isFailing) {
      this.#options.lanes.makeReady(lane);
    } else {
      breaker.probeNow();
      this.#options.lanes.lift(lane);
    }
  }

  /**
   * Begins what was taken. By functions that call each other: an asynchronous one keeps a frame and a promise for
   * each wait while receiver and database take their time. Four of them, one in another, cost `drain` 48.2 µs of
   * Node's CPU a delivery where one cost 42.5 (with less parsing), and one 38.2 where these cost 36.8.
   */
  #start(taken: Taken): void {
    const target = this.#options.targets.cached(taken.delivery);
    if (target === undefined) {
      void this.#load(taken);
      return;
    }
    try {
      this.#begin(taken, target);
    } catch (error) {
      this.#giveUp(taken, error);
    }
  }

  async #load(taken: Taken): Promise<void> {
    try {
      this.#begin(taken, await this.#options.targets.load(taken.delivery));
    } catch (error) {
      this.#giveUp(taken, error);
    }
    this.pump();
  }

  #begin(taken: Taken, target: Target | null): void {
    const { lanes, ownership, tools } = this.#options;
    const { lane, delivery } = taken;
    if (target === null || target.disabled || target.sealBroken !== null) {
      this.#park(lane, delivery, target);
      this.#leave(taken);
      return;
    }
    lanes.learn(taken, target);
    if (!lanes.admit(taken)) {
      lanes.putBack(taken);
      lanes.freed(taken);
      this.#ended(delivery.bucket);
    } else if (ownership.epochOf(delivery.bucket) === delivery.epoch) {
      const begun = beginAttempt(delivery, target, tools);
      void begun.result.then((result) => this.#conclude(taken, begun, result));
    } else {
      // The bucket is not ours any more: nothing may be sent.
      this.#leave(taken);
    }
  }

  /** No attempt was made, and none is owed by this node. */
  #leave(taken: Taken): void {
    const { lanes, onSettled } = this.#options;
    const { lane, delivery } = taken;
    lanes.freed(taken);
    lane.pace.breaker.voided();
    lane.giveBack(delivery);
    lanes.lift(lane);
    this.#ended(delivery.bucket);
    onSettled(delivery);
  }

  #conclude(taken: Taken, begun: Begun, result: SendResult): void {
    const { claimer, lanes, recorder, tools } = this.#options;
    const { lane } = taken;
    let attempted: Attempted;
    try {
      attempted = conclude(begun, result, tools);
    } catch (error) {
      this.#giveUp(taken, error);
      this.pump();
      return;
    }
    lanes.freed(taken);
    this.#learn(taken, attempted);
    lanes.makeReady(lane);
    claimer().refill(lane);
    this.pump();
    recorder.add(
      attempted,
      (counted) => this.#stored(taken, attempted, counted),
      (error) => {
        this.#tell(taken.delivery, error);
        this.#stored(taken, attempted, false);
      },
    );
  }

  #stored({ lane, delivery }: Taken, attempted: Attempted, counted: boolean): void {
    const { claimer, onSettled } = this.#options;
    if (counted) lane.forget(delivery);
    else lane.giveBack(delivery);
    try {
      if (counted) this.#follow(lane, attempted);
    } catch (error) {
      this.#tell(delivery, error);
    }
    claimer().refill(lane);
    this.#ended(delivery.bucket);
    onSettled(delivery);
    this.pump();
  }

  /** What the result tells about the receiver, and so about its pace. */
  #learn({ lane, atOnce }: Taken, { decision, delivery, result, target }: Attempted): void {
    const { lanes, log, tools } = this.#options;
    const { breaker, ramp } = lane.pace;
    const { endpointId } = lane;
    const before = breaker.state;
    if (!tellsAboutReceiver(result)) {
      breaker.voided();
    } else {
      const { failingSince } = target;
      lane.pace.ended({
        succeeded: decision.succeeded,
        atOnce,
        crowded: result.kind === "response" && result.crowded === true,
        messageId: delivery.messageId,
        failingMs: failingSince === null ? 0 : tools.clock.now() - failingSince,
        now: tools.clock.monotonic(),
        random: tools.random(),
      });
    }
    if (ramp.isActive && lane.hasCaughtUp) ramp.end();
    if (breaker.state === before) return;
    if (before === "closed") {
      log.warn({ endpointId }, "The endpoint only fails; until it answers it is only probed.");
      // Their memory is for those that can use it; they are still in the database.
      lanes.clear(lane);
      lane.lookAgain();
    } else if (breaker.state === "closed") {
      log.info({ endpointId }, "The endpoint answers again; what waits for it is sent.");
    }
    lanes.lift(lane);
  }

  /** What a committed result leads to. */
  #follow(lane: Lane, attempted: Attempted): void {
    const { claimer, onRecorded } = this.#options;
    const { decision, target } = attempted;
    this.counters.attempted += 1;
    if (decision.succeeded) this.counters.delivered += 1;
    else if (decision.retryDelayMs === null) this.counters.exhausted += 1;
    else this.counters.failed += 1;
    onRecorded(attempted);
    if (decision.retryDelayMs !== null) claimer().wake(lane, decision.retryDelayMs);
    if (decision.disable !== null) this.endpointChanged(target.endpointId);
  }

  /** A disabled endpoint's rows stay in the database; a deleted one's are not owed any more. */
  #park(lane: Lane, delivery: DueDelivery, target: Target | null): void {
    const { lanes, storage, log } = this.#options;
    const { endpointId } = delivery;
    lane.parked = true;
    lanes.clear(lane);
    const err = target?.sealBroken ?? null;
    if (err !== null) log.error({ err, endpointId }, "Deliveries wait until the endpoint changes.");
    if (target !== null && !target.deleted) return;
    const dropAll = async (): Promise<void> => {
      while (await dropDeliveries(storage, delivery));
    };
    dropAll()
      .catch((error: unknown) => {
        log.warn({ err: error, endpointId }, "Deliveries could not be dropped; trying again.");
      })
      .finally(() => {
        // The next sweep finds what is left, or came later (a resend under way meanwhile), and ends up here again.
        lane.parked = false;
      });
  }

  /** Our own fault, not the receiver's: the row is still due and is claimed again by a sweep. */
  #giveUp(taken: Taken, error: unknown): void {
    this.#tell(taken.delivery, error);
    this.#leave(taken);
  }

  #tell({ endpointId, messageId }: DueDelivery, err: unknown): void {
    this.#options.log.error({ err, endpointId, messageId }, "An attempt could not be made.");
  }

  #ended(bucket: number): void {
    const left = (this.#underWay.get(bucket) ?? 1) - 1;
    if (left > 0) this.#underWay.set(bucket, left);
    else this.#underWay.delete(bucket);
    if (left > 0 || this.#waiters.length === 0) return;
    const waiting = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiting) {
      if (this.#isSettled(waiter.buckets)) waiter.resolve();
      else this.#waiters.push(waiter);
    }
  }

  #isSettled(buckets: ReadonlySet<number>): boolean {
    for (const bucket of this.#underWay.keys()) if (buckets.has(bucket)) return false;
    return true;
  }
}
