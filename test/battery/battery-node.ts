/**
 * A node that drives batteries, in the test's process: real storage, sandbox connector and driver.
 * It owns every device bucket from its start on, under the next epoch, and can die without a word.
 */
import { systemClock } from "../../src/clock.ts";
import { Acceptor, type PushOutcome } from "../../src/battery/acceptor.ts";
import type { Connector, Connectors } from "../../src/battery/connectors/connector.ts";
import { createConnectors } from "../../src/battery/connectors/list.ts";
import { createSimulatedClock } from "../../src/battery/connectors/sandbox/simulated-clock.ts";
import { DeviceDriver } from "../../src/battery/driver.ts";
import { bucketOf } from "../../src/core/bucket.ts";
import type { Clock, Tracer } from "../../src/core/types.ts";
import type { Ownership } from "../../src/engine/ownership.ts";
import type { HandedOff } from "../../src/engine/publisher.ts";
import type { Action } from "../../src/storage/actions/action.ts";
import { getAction } from "../../src/storage/actions/get-action.ts";
import type { NewAction } from "../../src/storage/actions/insert-actions.ts";
import { Events } from "../support/events.ts";
import { createIds, silentLog, sql } from "../support/factories.ts";
import { type FaultyStorage, openStorage } from "../support/test-node.ts";

/** Simulated time per real time: two seconds pass in four milliseconds. */
export const SPEED = 500;

export const ids = createIds();

interface Lease {
  [column: string]: unknown;
  bucket: number;
  epoch: number;
}

export class OwnedBuckets implements Ownership {
  readonly #epochs = new Map<number, number>();
  readonly #acquired: Parameters<Ownership["onAcquired"]>[0][] = [];
  readonly #lost: Parameters<Ownership["onLost"]>[0][] = [];

  epochOf(bucket: number): number | undefined {
    return this.#epochs.get(bucket);
  }

  onAcquired(listener: Parameters<Ownership["onAcquired"]>[0]): void {
    this.#acquired.push(listener);
  }

  onLost(listener: Parameters<Ownership["onLost"]>[0]): void {
    this.#lost.push(listener);
  }

  /** Takes every device bucket over from whoever has it. */
  async acquire(storage: FaultyStorage): Promise<void> {
    const leases = await sql<Lease>(
      storage,
      "UPDATE bucket_lease SET epoch = epoch + 1 WHERE kind = 'device' RETURNING bucket, epoch",
    );
    for (const { bucket, epoch } of leases) this.#epochs.set(bucket, epoch);
    for (const listener of this.#acquired) listener(leases);
  }

  async lose(): Promise<void> {
    const buckets = [...this.#epochs.keys()];
    this.#epochs.clear();
    await Promise.all(this.#lost.map(async (listener) => listener(buckets)));
  }
}

export interface BatteryNodeOptions {
  url: string;
  speed?: number;
  /** All of the node's time runs so many times as fast. */
  hurry?: number;
  activeMax?: number;
  tracer?: Tracer | undefined;
  /** Stands before each connector, to lose or hold what it does. */
  wrap?: (connector: Connector) => Connector;
}

function mortal(clock: Clock, isDead: () => boolean): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after: (delayMs, task) => clock.after(delayMs, () => void (isDead() || task())),
  };
}

export class BatteryNode {
  readonly storage: FaultyStorage;
  readonly ownership = new OwnedBuckets();
  readonly connectors: Connectors;
  readonly driver: DeviceDriver;
  readonly acceptor: Acceptor;
  readonly events = new Events();
  readonly handedOff: HandedOff[] = [];
  #dead = false;

  constructor(options: BatteryNodeOptions) {
    const { hurry } = options;
    const time = hurry === undefined ? systemClock : createSimulatedClock(systemClock, hurry);
    const clock = mortal(time, () => this.#dead);
    this.storage = openStorage(options.url, hurry === undefined ? {} : { now: () => time.now() });
    const { storage, events } = this;
    const made = createConnectors({ storage, clock, sandboxSpeed: options.speed ?? SPEED });
    const wrap = options.wrap ?? ((connector) => connector);
    this.connectors = new Map([...made].map(([name, connector]) => [name, wrap(connector)]));
    this.driver = new DeviceDriver({
      storage,
      clock,
      log: silentLog,
      ids,
      ownership: this.ownership,
      connectors: this.connectors,
      committing: (_messageIds, commit) => commit((rows) => void this.handedOff.push(...rows)),
      signal: events.signal,
      tracer: options.tracer,
      ...(options.activeMax !== undefined && { activeMax: options.activeMax }),
    });
    this.acceptor = new Acceptor(storage, clock, (actions) => this.driver.handOff(actions));
  }

  async start(): Promise<this> {
    await this.ownership.acquire(this.storage);
    this.driver.start();
    return this;
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** From now on no timer runs and no statement is sent. */
  die(): void {
    this.#dead = true;
    this.storage.before = () => {
      throw new Error("This process is dead.");
    };
    this.events.signal();
  }

  async stop(): Promise<void> {
    if (!this.#dead) await this.driver.stop();
    await this.storage.close();
  }

  /** Resolves with the action once it has ended. */
  async ended(key: { environmentId: string; actionId: string }): Promise<Action> {
    let action: Action | undefined;
    await this.events.until(async () => {
      action = await getAction(this.storage, key.environmentId, key.actionId);
      return action !== undefined && action.state !== "acknowledged";
    });
    if (action === undefined) throw new Error(`There is no action ${key.actionId}.`);
    return action;
  }

  async push(device: TestDevice, changes: Partial<NewAction> = {}): Promise<PushOutcome> {
    return this.acceptor.accept(newAction(device, changes));
  }

  /** Pushes, and waits for the end. */
  async drive(device: TestDevice, changes: Partial<NewAction> = {}): Promise<Action> {
    const push = newAction(device, changes);
    const outcome = await this.acceptor.accept(push);
    if (outcome.kind !== "accepted") throw new Error(`The push was answered: ${outcome.kind}`);
    return this.ended(push);
  }
}

export interface TestDevice {
  environmentId: string;
  deviceId: string;
  bucket: number;
}

/** @param ending such as `_reject`: chooses a fault by the id */
export async function addDevice(
  storage: FaultyStorage,
  environmentId: string,
  options: { ending?: string; config?: object; connector?: string } = {},
): Promise<TestDevice> {
  const deviceId = `${ids.make("dev_")}${options.ending ?? ""}`;
  const bucket = bucketOf(deviceId);
  const config = JSON.stringify(options.config ?? {});
  await sql(
    storage,
    `INSERT INTO device (environment_id, device_id, bucket, connector, config, name)
     VALUES ($1, $2, $3, $4, $5, 'test')`,
    [environmentId, deviceId, bucket, options.connector ?? "sandbox", config],
  );
  return { environmentId, deviceId, bucket };
}

export function newAction(device: TestDevice, changes: Partial<NewAction> = {}): NewAction {
  return {
    ...device,
    actionId: ids.make("act_"),
    deviceType: "battery",
    userId: null,
    command: "charge",
    parameters: '{"target":{"value":90,"unit":"percent"},"power":{"value":3,"unit":"kw"}}',
    sandbox: null,
    idempotency: null,
    ...changes,
  };
}

export function sandboxOrder(
  outcome: "completed" | "failed",
  options: { errorCode?: string; delayMs?: number } = {},
): string {
  const { errorCode = "DEVICE_REJECTED", delayMs = 2_000 } = options;
  return JSON.stringify({ outcome, errorCode, delayMs });
}

/** Physical writes of a simulated battery. */
export async function writesOf(storage: FaultyStorage, deviceId: string): Promise<number> {
  const rows = await sql<{ writes: number }>(
    storage,
    "SELECT writes FROM sandbox_battery WHERE device_id = $1",
    [deviceId],
  );
  return rows[0]?.writes ?? 0;
}

export interface StoredMessage {
  [column: string]: unknown;
  message_id: string;
  event_type: string;
  payload: Buffer;
}

/** Messages about one action. */
export async function messagesOf(
  storage: FaultyStorage,
  actionId: string,
): Promise<StoredMessage[]> {
  return sql<StoredMessage>(
    storage,
    `SELECT message_id, event_type, payload FROM message
     WHERE position($1::bytea IN payload) > 0 ORDER BY message_id`,
    [Buffer.from(actionId)],
  );
}
