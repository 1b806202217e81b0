/** Nodes without engines on a database of their own: who owns which bucket, and nothing else. */
import { expect } from "vitest";
import { BUCKET_COUNT } from "../../src/core/bucket.ts";
import type { Clock } from "../../src/core/types.ts";
import { Node } from "../../src/engine/ownership.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { createTestDatabase, type TestDatabase } from "./database.ts";
import { Events } from "./events.ts";
import { createIds, silentLog, sql } from "./factories.ts";
import { createManualClock, type ManualClock } from "./manual-clock.ts";
import { type FaultyStorage, openStorage } from "./test-node.ts";

export const TICK_MS = 1_000;
export const BUCKETS = Array.from({ length: BUCKET_COUNT }, (_, bucket) => bucket);

/** A node without an engine; its user of buckets is the test. */
export class Member {
  readonly clock: ManualClock = createManualClock();
  readonly storage: FaultyStorage;
  readonly events = new Events();
  readonly node: Node;
  readonly lost: number[] = [];
  readonly acquired: number[] = [];
  /** Work under way, per bucket: resolving it settles the bucket. */
  readonly work = new Map<number, PromiseWithResolvers<void>>();
  /** Notifications that are not about its buckets. */
  heard = 0;
  #ticks = 0;
  #stopped: Promise<void> | undefined;

  constructor(databaseUrl: string, roles: readonly string[], clock?: Clock) {
    this.storage = openStorage(databaseUrl);
    this.node = new Node({
      storage: this.storage,
      clock: clock ?? this.clock,
      log: silentLog,
      ids: createIds(),
      roles: new Set(roles),
      onNotification: () => {
        this.heard += 1;
        this.events.signal();
      },
      onTick: () => {
        this.#ticks += 1;
        this.events.signal();
      },
    });
    this.node.deliveries.onAcquired((buckets) => {
      this.acquired.push(...buckets.map(({ bucket }) => bucket));
    });
    this.node.deliveries.onLost(async (buckets) => {
      this.lost.push(...buckets);
      for (const bucket of buckets) await this.work.get(bucket)?.promise;
      this.events.signal();
    });
  }

  get ticks(): number {
    return this.#ticks;
  }

  async start(): Promise<this> {
    await this.node.start();
    return this;
  }

  async tick(): Promise<void> {
    const goal = this.#ticks + 1;
    this.clock.advance(TICK_MS);
    await this.events.until(() => this.#ticks >= goal, { describe: () => `tick ${goal}` });
  }

  get owned(): number[] {
    return BUCKETS.filter((bucket) => this.node.deliveries.epochOf(bucket) !== undefined);
  }

  epochs(): Map<number, number | undefined> {
    return new Map(BUCKETS.map((bucket) => [bucket, this.node.deliveries.epochOf(bucket)]));
  }

  begin(bucket: number): void {
    this.work.set(bucket, Promise.withResolvers());
  }

  settle(bucket: number): void {
    this.work.get(bucket)?.resolve();
    this.work.delete(bucket);
  }

  async leave(): Promise<void> {
    for (const bucket of this.work.keys()) this.settle(bucket);
    await this.stop();
  }

  /** Stops, however long its work takes. */
  stop(): Promise<void> {
    this.#stopped ??= this.node.stop().then(() => this.storage.close());
    return this.#stopped;
  }

  /** @param storage of somebody else */
  async killSession(storage: Storage): Promise<void> {
    const lost = Promise.withResolvers<void>();
    const watch = (): void => {
      if (!this.node.healthy) lost.resolve();
      else setImmediate(watch);
    };
    const killed = await sql(
      storage,
      `SELECT pg_terminate_backend(l.pid, 5000) FROM pg_locks l
       JOIN node n ON l.objid = n.lock_number::oid AND l.classid = 7302
       WHERE l.locktype = 'advisory' AND n.node_id = $1
         AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      [this.node.nodeId],
    );
    if (killed.length !== 1) throw new Error(`${killed.length} sessions were killed.`);
    watch();
    await lost.promise;
  }
}

export class Members {
  readonly all: Member[] = [];
  readonly storage: Storage;
  readonly #database: TestDatabase;

  private constructor(database: TestDatabase) {
    this.#database = database;
    this.storage = openStorage(database.url);
  }

  static async create(): Promise<Members> {
    return new Members(await createTestDatabase());
  }

  /** Not started yet. @param clock instead of the one that only the test moves */
  add(roles: readonly string[] = ["engine"], clock?: Clock): Member {
    const member = new Member(this.#database.url, roles, clock);
    this.all.push(member);
    return member;
  }

  async close(): Promise<void> {
    for (const member of this.all) await member.leave();
    await this.storage.close();
    await this.#database.drop();
  }
}

/** Every bucket has exactly one of these owners, and none has more than its share. */
export function expectShared(...nodes: Member[]): void {
  expect(nodes.flatMap(({ owned }) => owned).toSorted((a, b) => a - b)).toEqual(BUCKETS);
  const share = Math.ceil(BUCKET_COUNT / nodes.length);
  for (const { owned } of nodes) expect(owned.length).toBeLessThanOrEqual(share);
}
