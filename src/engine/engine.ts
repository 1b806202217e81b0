/**
 * The delivery engine: everything from an accepted message to a recorded attempt, composed.
 *
 *   publish ─commit─► hand-off ─┐
 *   sweep, claim ───────────────┴► lanes ─► dispatcher ─► sender ─► recorder ─commit─► done
 */
import type { IdSource } from "../core/ids.ts";
import type { Sender } from "../core/send-result.ts";
import type { Clock, Log, Tracer } from "../core/types.ts";
import { type ManualDelivery, requeueDelivery } from "../storage/deliveries/requeue-delivery.ts";
import {
  type DirectedMessage,
  type DirectedOutcome,
  insertDirectedMessage,
} from "../storage/messages/insert-directed-message.ts";
import { type Channel, notifyNodes } from "../storage/nodes/session.ts";
import type { Storage } from "../storage/storage.ts";
import type { Attempted } from "./attempt.ts";
import { AttemptCounter, type CountingTimes } from "./attempt-counter.ts";
import { Claimer } from "./claimer.ts";
import { CommitRhythm } from "./commit-rhythm.ts";
import { type Counters, Dispatcher } from "./dispatcher.ts";
import { HandOffs } from "./hand-offs.ts";
import { Lanes, type Waiting } from "./lanes.ts";
import type { EngineObserver } from "./observer.ts";
import type { Ownership } from "./ownership.ts";
import type { WaitReason } from "./pace.ts";
import {
  type Committing,
  type HandedOff,
  Publisher,
  type PublishOutcome,
  type PublishRequest,
} from "./publisher.ts";
import { Recorder } from "./recorder.ts";
import { Targets } from "./targets.ts";
import { TaskRunner } from "./task-runner.ts";

export type { HandedOff, PublishOutcome, PublishRequest } from "./publisher.ts";

const APPLICATION_PREFIX = "app_";

export interface EngineOptions {
  storage: Storage;
  sender: Sender;
  clock: Clock;
  log: Log;
  ids: IdSource;
  random: () => number;
  ownership: Ownership;
  nodeId: () => string;
  retryScheduleMs: readonly number[];
  deliveryTimeoutMs: number;
  userAgent: string;
  /** Milliseconds from one storing of few results to the next; without it those of the recorder. */
  recordSpacingMs?: number | undefined;
  observer?: EngineObserver;
  /** Keeps statistics and issues; without it they stand still. */
  counting?: CountingTimes;
  tracer?: Tracer | undefined;
  /** For tests, which wait for events instead of sleeping. */
  signal?: (event: EngineEvent) => void;
}

/** A delivery was recorded, parked or given back; a claim's rows are in memory; a round of the others has ended. */
export type EngineEvent = "settled" | "claimed" | "swept" | "tasks" | "counted";

export interface EngineHealth {
  counters: Counters;
  /** Messages accepted by `publish`. */
  accepted: number;
  /** Publishers that wait for their commit. */
  publishing: number;
  inFlight: number;
  queued: number;
  queuedBytes: number;
  lanes: number;
  unrecorded: number;
  /** Endpoints with deliveries that wait although there are slots, by reason. */
  waiting: Record<WaitReason, number>;
}

export class Engine {
  readonly #options: EngineOptions;
  readonly #publisher: Publisher;
  readonly #lanes: Lanes;
  readonly #handOffs = new HandOffs();
  readonly #targets: Targets;
  readonly #recorder: Recorder;
  readonly #claimer: Claimer;
  readonly #dispatcher: Dispatcher;
  readonly #rhythm = new CommitRhythm({
    after: (delayMs, task) => this.#options.clock.after(delayMs, task),
    deliver: () => this.#dispatcher.pump(),
    deliverSoon: () => this.#dispatcher.pumpLater(),
    store: (results) => this.#recorder.hurry(results),
  });
  readonly #tasks: TaskRunner;
  readonly #counter: AttemptCounter | undefined;

  /** Around every commit of messages, which ends with their hand-off. */
  readonly committing: Committing = (messageIds, commit) => {
    const committed = this.#handOffs.during(messageIds, (wasOwned) =>
      commit((rows, callersWait) => this.#handOff(rows, callersWait, wasOwned)),
    );
    this.#rhythm.begun();
    return committed;
  };

  constructor(options: EngineOptions) {
    const { storage, clock, log, ids, ownership, nodeId, tracer } = options;
    this.#options = options;
    this.#publisher = new Publisher({ ...options, committing: this.committing });
    this.#targets = new Targets(storage);
    this.#lanes = new Lanes({
      clock,
      owns: (bucket) => ownership.epochOf(bucket) !== undefined,
      onTime: () => this.#dispatcher.pump(),
    });
    const signal = options.signal ?? ((): void => undefined);
    this.#recorder = new Recorder({ ...options, targets: this.#targets });
    this.#dispatcher = new Dispatcher({
      storage,
      log,
      lanes: this.#lanes,
      ownership,
      targets: this.#targets,
      recorder: this.#recorder,
      claimer: () => this.#claimer,
      tools: {
        sender: options.sender,
        clock,
        ids,
        random: options.random,
        schedule: options.retryScheduleMs,
        timeoutMs: options.deliveryTimeoutMs,
        userAgent: options.userAgent,
        tracer,
      },
      onRecorded: (attempted) => this.#recorded(attempted),
      onSettled: () => signal("settled"),
    });
    this.#claimer = new Claimer({
      storage,
      clock,
      log,
      lanes: this.#lanes,
      handOffs: this.#handOffs,
      ownership,
      nodeId,
      tracer: options.tracer,
      onClaimed: () => {
        this.#dispatcher.pump();
        signal("claimed");
      },
      onSwept: () => signal("swept"),
    });
    this.#tasks = new TaskRunner({
      storage,
      clock,
      log,
      ids,
      ownership,
      onRequeued: (task) => {
        this.#due(task).catch((error: unknown) => {
          log.debug({ err: error }, "The owner was not told of replayed deliveries; it sweeps.");
        });
      },
      onRound: () => signal("tasks"),
    });
    this.#counter = this.#createCounter(signal);
    ownership.onAcquired((acquired) => {
      const buckets = acquired.map(({ bucket }) => bucket);
      this.#handOffs.acquired(buckets);
      this.#lanes.reshare();
      this.#claimer.look(buckets);
    });
    ownership.onLost((buckets) => this.#letGo(new Set(buckets)));
  }

  /** Delays after each failed attempt, for endpoints without a schedule of their own. */
  get retryScheduleMs(): readonly number[] {
    return this.#options.retryScheduleMs;
  }

  start(): void {
    this.#claimer.start();
    this.#tasks.start();
    this.#counter?.start();
  }

  /** Ends what is under way and starts nothing new. Call before the node lets go of its buckets. */
  async stop(): Promise<void> {
    await this.#publisher.drained();
    // Before anything that takes time: each attempt that still starts is one more to wait for.
    this.#dispatcher.stop();
    this.#lanes.stop();
    await this.#counter?.stop();
    await this.#tasks.stop();
    await this.#claimer.stop();
  }

  /** Durable once it resolves with `accepted`. */
  publish(request: PublishRequest): Promise<PublishOutcome> {
    return this.#publisher.publish(request);
  }

  publishFor(...asked: Parameters<Publisher["publishFor"]>): void {
    this.#publisher.publishFor(...asked);
  }

  /** One manual attempt of a message to an endpoint, now. */
  async resend(delivery: ManualDelivery): Promise<void> {
    await requeueDelivery(this.#options.storage, delivery);
    await this.#due(delivery);
  }

  /** A message for one endpoint, whatever that asks for; durable once it resolves with `stored`. */
  async publishTo(message: Omit<DirectedMessage, "messageId">): Promise<DirectedOutcome> {
    const { ids, storage } = this.#options;
    const outcome = await insertDirectedMessage(storage, {
      ...message,
      messageId: ids.make("msg_"),
    });
    if (outcome.kind === "stored") await this.#due(message);
    return outcome;
  }

  /** Deliveries of this endpoint were committed, for whoever owns its bucket to read. */
  async #due({ bucket, endpointId }: { bucket: number; endpointId: string }): Promise<void> {
    const epoch = this.#options.ownership.epochOf(bucket);
    if (epoch === undefined) {
      await notifyNodes(this.#options.storage, "amps_due", String(bucket));
      return;
    }
    const lane = this.#lanes.getOrMake(bucket, epoch, endpointId);
    lane.lookAgain();
    this.#dispatcher.probe(lane);
    this.#claimer.refill(lane);
    this.#dispatcher.pump();
  }

  #handOff(rows: HandedOff[], callersWait: boolean, wasOwned: (bucket: number) => boolean): void {
    const { ownership, log, storage } = this.#options;
    const elsewhere = new Set<number>();
    for (const row of rows) {
      const epoch = ownership.epochOf(row.bucket);
      if (epoch === undefined) {
        elsewhere.add(row.bucket);
        continue;
      }
      const lane = this.#lanes.getOrMake(row.bucket, epoch, row.endpointId);
      if (lane.parked || !wasOwned(row.bucket)) lane.lookAgain();
      // A lane with rows left in the database takes those first: they are older.
      if (lane.more) this.#claimer.refill(lane);
      else this.#lanes.offer(lane, { ...row, epoch, trigger: 0, attempts: 0 });
    }
    if (callersWait) this.#rhythm.ended(rows.length);
    else this.#dispatcher.pump();
    if (elsewhere.size === 0) return;
    notifyNodes(storage, "amps_due", [...elsewhere].join(",")).catch((error: unknown) => {
      log.debug({ err: error }, "Other nodes were not told of new deliveries; they sweep.");
    });
  }

  /** After every committed change of an endpoint. */
  endpointChanged(endpointId: string): void {
    this.#dispatcher.endpointChanged(endpointId);
  }

  /** A background task was written down; other nodes find theirs within a second. */
  taskCreated(): void {
    this.#tasks.look();
  }

  /** What other nodes tell. */
  notified(channel: Channel, payload: string): void {
    if (channel === "amps_endpoint") this.#changed(payload);
    if (channel !== "amps_due") return;
    const owned = payload
      .split(",")
      .map(Number)
      .filter((bucket) => this.#options.ownership.epochOf(bucket) !== undefined);
    if (owned.length > 0) this.#claimer.look(owned);
  }

  health(): EngineHealth {
    return {
      counters: this.#dispatcher.counters,
      accepted: this.#publisher.accepted,
      publishing: this.#publisher.waiting,
      inFlight: this.#dispatcher.inFlight,
      queued: this.#lanes.queued,
      queuedBytes: this.#lanes.queuedBytes,
      lanes: this.#lanes.count,
      unrecorded: this.#recorder.size,
      waiting: this.#lanes.countWaiting(),
    };
  }

  /** Whether this node sends to the endpoints of the bucket. */
  owns(bucket: number): boolean {
    return this.#options.ownership.epochOf(bucket) !== undefined;
  }

  /** Why deliveries of this endpoint wait here although they are due, and until when; null: they do not. */
  waiting(endpointId: string): Waiting | null {
    return this.#lanes.waiting(endpointId);
  }

  #recorded(attempted: Attempted): void {
    this.#options.observer?.recorded(attempted);
    this.#counter?.recorded(attempted.record);
  }

  #createCounter(signal: (event: EngineEvent) => void): AttemptCounter | undefined {
    const { storage, clock, log, ownership, counting } = this.#options;
    if (counting === undefined) return undefined;
    return new AttemptCounter({
      storage,
      clock,
      log,
      ownership,
      ...counting,
      committedBefore: () => this.#recorder.committedBefore(),
      onCounted: () => signal("counted"),
    });
  }

  #changed(id: string): void {
    if (id.startsWith(APPLICATION_PREFIX)) this.#targets.applicationChanged(id);
    else this.endpointChanged(id);
  }

  async #letGo(buckets: ReadonlySet<number>): Promise<void> {
    this.#claimer.forget(buckets);
    this.#lanes.drop(buckets);
    this.#lanes.reshare();
    await this.#dispatcher.settled(buckets);
  }
}
