/**
 * A whole node that works in the past: real storage, engine and batteries under a clock that is moved
 * by hand, and receivers that answer by a function. What it leaves in the database is what a server
 * would have left there, hours ago.
 */
import { Acceptor } from "../../../src/battery/acceptor.ts";
import { createConnectors } from "../../../src/battery/connectors/list.ts";
import { DeviceDriver } from "../../../src/battery/driver.ts";
import { systemClock } from "../../../src/clock.ts";
import type { IdSource } from "../../../src/core/ids.ts";
import { Engine } from "../../../src/engine/engine.ts";
import { Node } from "../../../src/engine/ownership.ts";
import { PartitionKeeper } from "../../../src/engine/partition-keeper.ts";
import { Vault } from "../../../src/storage/vault.ts";
import { createIds, silentLog } from "../../../test/support/factories.ts";
import { type Answer, FakeSender } from "../../../test/support/fake-sender.ts";
import { createManualClock, type ManualClock } from "../../../test/support/manual-clock.ts";
import { SimulatedTime } from "../../../test/support/simulated-time.ts";
import { type FaultyStorage, openStorage } from "../../../test/support/test-node.ts";

export interface PastNodeOptions {
  url: string;
  masterKey: Buffer;
  /** Where its time begins. */
  startMs: number;
  answer: Answer;
  random: () => number;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const RETRY_SCHEDULE_MS = [5_000, 5 * MINUTE_MS, 30 * MINUTE_MS, 120 * MINUTE_MS, 300 * MINUTE_MS];
const RETENTION_DAYS = 90;

export class PastNode {
  readonly clock: ManualClock;
  readonly storage: FaultyStorage;
  readonly ids: IdSource;
  readonly engine: Engine;
  readonly acceptor: Acceptor;
  readonly time: SimulatedTime;
  readonly #node: Node;
  readonly #driver: DeviceDriver;
  readonly #keeper: PartitionKeeper;

  constructor(options: PastNodeOptions) {
    const clock = createManualClock(options.startMs);
    const now = (): number => clock.now();
    const vault = new Vault(options.masterKey);
    const storage = openStorage(options.url, { vault, now });
    const ids = createIds(now);
    const log = silentLog;
    // Its lease is real: the database's own clock judges it.
    this.#node = new Node({
      storage,
      clock: systemClock,
      log,
      ids,
      roles: new Set(["engine", "battery"]),
      onNotification: (channel, payload) => {
        this.engine.notified(channel, payload);
        this.#driver.notified(channel, payload);
      },
    });
    this.engine = new Engine({
      storage,
      sender: new FakeSender(undefined, options.answer),
      clock,
      log,
      ids,
      random: options.random,
      ownership: this.#node.deliveries,
      nodeId: () => this.#node.nodeId,
      retryScheduleMs: RETRY_SCHEDULE_MS,
      deliveryTimeoutMs: 30_000,
      userAgent: "Amps-Webhooks/0.1.0",
      // Its time moves in large steps.
      recordSpacingMs: 0,
    });
    this.#driver = new DeviceDriver({
      storage,
      clock,
      log,
      ids,
      ownership: this.#node.devices,
      connectors: createConnectors({ storage, clock, sandboxSpeed: 1 }),
      committing: this.engine.committing,
    });
    this.acceptor = new Acceptor(storage, clock, (actions) => this.#driver.handOff(actions));
    this.#keeper = new PartitionKeeper(storage, clock, log, RETENTION_DAYS);
    this.clock = clock;
    this.storage = storage;
    this.ids = ids;
    this.time = new SimulatedTime(clock, this);
  }

  async start(): Promise<this> {
    await this.#keeper.start();
    await this.#node.start();
    this.engine.start();
    this.#driver.start();
    return this;
  }

  /** What is under way ends at its own times, so these go on until everything has stopped. */
  async stop(): Promise<void> {
    const progress = { stopped: false };
    const stopping = this.#stopAll().finally(() => (progress.stopped = true));
    while (!progress.stopped) await this.time.run(SECOND_MS, SECOND_MS);
    await stopping;
  }

  async #stopAll(): Promise<void> {
    await this.#driver.stop();
    await this.engine.stop();
    await this.#node.stop();
    await this.#keeper.stop();
    await this.storage.close();
  }
}
