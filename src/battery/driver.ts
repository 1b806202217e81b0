/**
 * Keeps the open actions of this node's devices under way. Three ways in: the hand-off of what this
 * process just accepted, notifications of other nodes, and a sweep of the owned buckets that finds
 * everything else (after a crash, a change of owner, or when memory was full).
 */
import type { IdSource } from "../core/ids.ts";
import type { Clock, Log, Tracer } from "../core/types.ts";
import type { Ownership } from "../engine/ownership.ts";
import type { Committing } from "../engine/publisher.ts";
import type { Action } from "../storage/actions/action.ts";
import {
  findOpenActions,
  loadOpenActions,
  type OpenAction,
} from "../storage/actions/find-open-actions.ts";
import { notifyNodes } from "../storage/nodes/session.ts";
import type { Storage } from "../storage/storage.ts";
import type { Connectors } from "./connectors/connector.ts";
import { DeviceCatalogue } from "./device-catalogue.ts";
import { driveAction, type DriveTools } from "./drive-action.ts";
import { FAILURES } from "./failures.ts";
import { Ledger } from "./ledger.ts";

const SWEEP_MS = 1_000;
/** Actions under way at once; beyond it rows wait in the database. */
const ACTIVE_MAX = 10_000;
const LOADED_MAX = 1_000;
/** What is under way gets this long to end by itself before it is called off. */
const DRAIN_MS = 5_000;
/** An action that fails for reasons of our own is tried again for this long. */
const GIVE_UP_MS = 2 * 3_600_000;

export interface DriverOptions {
  storage: Storage;
  clock: Clock;
  log: Log;
  ids: IdSource;
  ownership: Ownership;
  connectors: Connectors;
  /** The engine's. */
  committing: Committing;
  tracer?: Tracer | undefined;
  activeMax?: number;
  /** For tests: an action is no longer under way, or a sweep ended. */
  signal?: () => void;
}

export interface DriverHealth {
  active: number;
  /** Ended by this process since its start. */
  completed: number;
  failed: number;
}

interface Active {
  bucket: number;
  stop: AbortController;
  done: Promise<void>;
}

export class DeviceDriver {
  readonly #options: DriverOptions;
  readonly #catalogue: DeviceCatalogue;
  readonly #ledger: Ledger;
  readonly #tools: DriveTools;
  /** By the ids of actions, which are made by us and of one action each. */
  readonly #active = new Map<string, Active>();
  readonly #activeMax: number;
  readonly #buckets = new Set<number>();
  readonly #counters = { completed: 0, failed: 0 };
  /** The database may hold open actions that did not fit into memory. */
  #more = false;
  #sweeping: Promise<void> | undefined;
  #sweepAgain = false;
  #cancelSweep: (() => void) | undefined;
  #stopped = false;

  constructor(options: DriverOptions) {
    const { storage, clock, log, ids, ownership, connectors, committing } = options;
    this.#options = options;
    this.#activeMax = options.activeMax ?? ACTIVE_MAX;
    this.#catalogue = new DeviceCatalogue(storage, clock, connectors);
    this.#ledger = new Ledger({ storage, clock, log, ids, committing });
    this.#tools = { clock, log, ledger: this.#ledger, ownership };
    ownership.onAcquired((buckets) => {
      for (const { bucket } of buckets) this.#buckets.add(bucket);
      this.#sweep();
    });
    ownership.onLost((buckets) => {
      for (const bucket of buckets) this.#buckets.delete(bucket);
      return this.#drain(new Set(buckets));
    });
  }

  start(): void {
    this.#scheduleSweep();
    this.#sweep();
  }

  /** Ends what can be ended soon and starts nothing new. Call while the engine still takes messages. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelSweep?.();
    await this.#sweeping;
    await this.#drain(undefined);
    this.#ledger.stop();
    await this.#ledger.drained();
  }

  /** Drives actions that this process just committed, or tells the nodes that own their devices. */
  handOff(actions: Action[]): void {
    const elsewhere = new Set<number>();
    for (const action of actions) {
      if (this.#options.ownership.epochOf(action.bucket) === undefined) {
        elsewhere.add(action.bucket);
      } else {
        this.#begin({ action, journal: null });
      }
    }
    if (elsewhere.size === 0) return;
    const { storage, log } = this.#options;
    notifyNodes(storage, "amps_action", [...elsewhere].join(",")).catch((error: unknown) => {
      log.debug({ err: error }, "Other nodes were not told of new actions; they sweep.");
    });
  }

  /** What other nodes tell. */
  notified(channel: string, payload: string): void {
    if (channel !== "amps_action") return;
    if (payload.split(",").some((bucket) => this.#buckets.has(Number(bucket)))) this.#sweep();
  }

  health(): DriverHealth {
    return { active: this.#active.size, ...this.#counters };
  }

  #scheduleSweep(): void {
    if (this.#stopped) return;
    this.#cancelSweep = this.#options.clock.after(SWEEP_MS, () => {
      this.#sweep();
      this.#scheduleSweep();
    });
  }

  #sweep(): void {
    this.#sweepAgain = true;
    if (this.#sweeping !== undefined || this.#stopped) return;
    this.#sweeping = (async () => {
      while (this.#sweepAgain && !this.#stopped) {
        this.#sweepAgain = false;
        await this.#sweepOnce();
      }
    })()
      .catch((error: unknown) => {
        this.#options.log.warn({ err: error }, "The sweep for open actions failed; trying again.");
      })
      .finally(() => {
        this.#sweeping = undefined;
        this.#options.signal?.();
      });
  }

  async #sweepOnce(): Promise<void> {
    const { storage, ownership } = this.#options;
    const buckets = [...this.#buckets].filter((bucket) => ownership.epochOf(bucket) !== undefined);
    const room = this.#activeMax - this.#active.size;
    this.#more = room <= 0;
    if (buckets.length === 0 || room <= 0) return;
    const counts = new Map<number, number>();
    for (const { bucket } of this.#active.values()) {
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
    }
    const share = Math.ceil(room / buckets.length);
    const rooms = buckets.map((bucket) => ({
      bucket,
      limit: (counts.get(bucket) ?? 0) + share,
    }));
    const found = await findOpenActions(storage, rooms);
    const unknown = found.filter(({ actionId }) => !this.#active.has(actionId));
    for (let from = 0; from < unknown.length && !this.#stopped; from += LOADED_MAX) {
      const loaded = await loadOpenActions(storage, unknown.slice(from, from + LOADED_MAX));
      for (const open of loaded) this.#begin(open);
    }
    if (found.length >= room) this.#more = true;
  }

  #begin(open: OpenAction): void {
    const { actionId, bucket } = open.action;
    const epoch = this.#options.ownership.epochOf(bucket);
    if (epoch === undefined || this.#stopped || this.#active.has(actionId)) return;
    if (this.#active.size >= this.#activeMax) {
      this.#more = true;
      return;
    }
    const stop = new AbortController();
    const active: Active = { bucket, stop, done: Promise.resolve() };
    this.#active.set(actionId, active);
    active.done = this.#run(open, epoch, stop.signal).finally(() => this.#ended(actionId));
  }

  async #run(open: OpenAction, epoch: number, signal: AbortSignal): Promise<void> {
    const { action, journal } = open;
    const { log, tracer } = this.#options;
    const { actionId, deviceId } = action;
    const names = { "amps.action_id": actionId, "amps.device_id": deviceId };
    const span = tracer?.begin("amps.drive", names);
    try {
      const known = await this.#catalogue.find(action);
      if (known === undefined) throw new Error(`The device ${action.deviceId} does not exist.`);
      const outcome = await driveAction({ action, journal, known, epoch, signal }, this.#tools);
      if (outcome.kind === "abandoned") {
        span?.end({ "amps.outcome": "abandoned" });
        return;
      }
      const { state } = outcome.ending.end;
      const settled = await this.#ledger.settle({ ...outcome.ending, trace: span?.trace });
      span?.end({ "amps.outcome": settled ? state : "too late" });
      if (settled) this.#counters[state] += 1;
      if (settled) log.debug({ actionId, deviceId, state }, "An action ended.");
      else log.warn({ actionId, deviceId }, "A late result changed nothing.");
    } catch (error) {
      span?.end({}, "not driven");
      log.error({ err: error, actionId, deviceId }, "An action could not be driven.");
      if (!signal.aborted) await this.#giveUp(action, epoch);
    }
  }

  /** Our own fault: the action is found again by a sweep, but not for ever. */
  async #giveUp({ actionId, environmentId, createdAt }: Action, epoch: number): Promise<void> {
    const { clock, log, storage } = this.#options;
    if (clock.now() - createdAt < GIVE_UP_MS) return;
    try {
      const [open] = await loadOpenActions(storage, [{ environmentId, actionId }]);
      if (open === undefined) return;
      const code = open.journal === null ? "EXPIRED" : "OUTCOME_UNKNOWN";
      const end = { state: "failed", code, message: FAILURES[code] } as const;
      const { action } = open;
      await this.#ledger.settle({ action, epoch, end, journal: null, observed: null });
    } catch (error) {
      log.error({ err: error, actionId }, "An action could not be given up.");
    }
  }

  #ended(actionId: string): void {
    this.#active.delete(actionId);
    this.#options.signal?.();
    if (this.#more && this.#active.size <= this.#activeMax * 0.75) this.#sweep();
  }

  /** Resolves when nothing of these buckets (undefined: of any) is under way. */
  async #drain(buckets: ReadonlySet<number> | undefined): Promise<void> {
    const affected = [...this.#active.values()].filter(
      ({ bucket }) => buckets === undefined || buckets.has(bucket),
    );
    if (affected.length === 0) return;
    const cancel = this.#options.clock.after(DRAIN_MS, () => {
      for (const { stop } of affected) stop.abort();
    });
    await Promise.all(affected.map(({ done }) => done));
    cancel();
  }
}
