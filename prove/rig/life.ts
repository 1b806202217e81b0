/**
 * One delivering node composed of the real parts, over a storage and a sender that tell of every call
 * before and after it: where a process can die between two things that it does.
 */
import { randomFillSync } from "node:crypto";
import type pg from "pg";
import { systemClock } from "../../src/clock.ts";
import { parseCidrList } from "../../src/core/address.ts";
import { type IdPrefix, IdSource } from "../../src/core/ids.ts";
import type { Sender } from "../../src/core/send-result.ts";
import { Engine } from "../../src/engine/engine.ts";
import { Node } from "../../src/engine/ownership.ts";
import { createSender } from "../../src/sender/sender.ts";
import { type Queries, type Row, type Statement, Storage } from "../../src/storage/storage.ts";
import { Vault } from "../../src/storage/vault.ts";
import { silentLog } from "../../test/support/factories.ts";

/** Called at each point, with its name. */
export type OnPoint = (name: string) => void | Promise<void>;

class RememberingIds extends IdSource {
  last = "";

  override make(prefix: IdPrefix): string {
    this.last = super.make(prefix);
    return this.last;
  }
}

class PointedStorage extends Storage {
  onPoint: OnPoint = () => undefined;

  override async query<R extends Row>(declared: Statement, values: unknown[]): Promise<R[]> {
    await this.onPoint(`before ${declared.name}`);
    const rows = await super.query<R>(declared, values);
    await this.onPoint(`after ${declared.name}`);
    return rows;
  }

  override transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    return super.transaction((queries) =>
      work({
        query: async (declared, values) => {
          await this.onPoint(`before ${declared.name}`);
          return queries.query(declared, values);
        },
      }),
    );
  }

  override async session(applicationName: string): Promise<pg.Client> {
    await this.onPoint("before the session");
    const client = await super.session(applicationName);
    await this.onPoint("after the session");
    return client;
  }
}

export interface LifeOptions {
  databaseUrl: string;
  masterKey: Buffer;
  /** Delays after failed attempts. */
  retryScheduleMs: readonly number[];
  onPoint?: OnPoint;
}

export interface Life {
  storage: Storage;
  engine: Engine;
  /** The id that was made last. */
  lastId(): string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

function pointedSender(sender: Sender, onPoint: OnPoint): Sender {
  return {
    send: async (request) => {
      await onPoint("before the post");
      const result = await sender.send(request);
      await onPoint("after the answer");
      return result;
    },
    close: () => sender.close(),
  };
}

export function composeLife(options: LifeOptions): Life {
  const { databaseUrl, masterKey, retryScheduleMs, onPoint = () => undefined } = options;
  const clock = systemClock;
  const log = silentLog;
  const ids = new RememberingIds(
    () => clock.now(),
    (bytes) => void randomFillSync(bytes),
  );
  const vault = new Vault(masterKey);
  const storage = new PointedStorage({ connectionUrl: databaseUrl, vault, log, poolSize: 4 });
  storage.onPoint = onPoint;
  const allowed = parseCidrList("127.0.0.0/8");
  if (!allowed.ok) throw new Error(allowed.problems.join());
  const sender = pointedSender(createSender({ egressAllow: allowed.list, clock }), onPoint);
  const roles = new Set(["engine"]);
  const node = new Node({
    storage,
    clock,
    log,
    ids,
    roles,
    onNotification: (channel, payload) => engine.notified(channel, payload),
  });
  const engine = new Engine({
    storage,
    sender,
    clock,
    log,
    ids,
    random: () => 0.5,
    ownership: node.deliveries,
    nodeId: () => node.nodeId,
    retryScheduleMs,
    deliveryTimeoutMs: 10_000,
    userAgent: "Amps-Webhooks/prove",
  });
  return {
    storage,
    engine,
    lastId: () => ids.last,
    async start() {
      await node.start();
      engine.start();
    },
    async stop() {
      await engine.stop();
      await node.stop();
      await sender.close();
      await storage.close();
    },
  };
}
