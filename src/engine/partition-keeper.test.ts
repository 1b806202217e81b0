import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { Events } from "../../test/support/events.ts";
import { silentLog, sql } from "../../test/support/factories.ts";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { type FaultyStorage, openStorage } from "../../test/support/test-node.ts";
import { IDEMPOTENCY_MS, PartitionKeeper, RETENTION_MS } from "./partition-keeper.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A Tuesday. */
const NOW = Date.UTC(2026, 10, 24, 13);

let database: TestDatabase;
let storage: FaultyStorage;

beforeAll(async () => {
  database = await createTestDatabase();
  storage = openStorage(database.url);
});

afterAll(async () => {
  await storage.close();
  await database.drop();
});

async function partitions(): Promise<string[]> {
  const rows = await sql<{ name: string }>(
    storage,
    "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'message'::regclass",
  );
  return rows.map(({ name }) => name).toSorted();
}

test("keeps partitions ahead of time, drops what is past, and tries again after a failure", async () => {
  const clock = createManualClock(NOW);
  const events = new Events();
  const errors: string[] = [];
  const log = {
    ...silentLog,
    error: (_: object, message: string) => {
      errors.push(message);
      events.signal();
    },
  };
  storage.after = events.signal;
  // Scheduling the next hour is the last thing the keeper does.
  const { now, after } = clock;
  clock.after = (delayMs, task) => {
    const cancel = after(delayMs, task);
    events.signal();
    return cancel;
  };
  const keeper = new PartitionKeeper(storage, clock, log);
  await keeper.start();
  const weeks = ["message_20261116", "message_20261123", "message_20261130", "message_20261207"];
  expect(await partitions()).toEqual([...weeks, "message_other"]);
  await sql(
    storage,
    `INSERT INTO idempotency (environment_id, key_hash, request_hash, created_at)
     SELECT 'org', int4send(n), '', to_timestamp($1::float8 / 1000 - n) FROM unnest($2::int[]) n`,
    [NOW, [0, IDEMPOTENCY_MS / 1000 - HOUR_MS / 1000 - 1, IDEMPOTENCY_MS / 1000]],
  );

  storage.before = (name) => {
    if (name === "prune-idempotency") throw new Error("The database is away.");
  };
  clock.advance(HOUR_MS);
  await events.until(() => errors.length === 1);
  storage.before = () => undefined;
  await events.until(() => clock.pending() > 0);
  clock.advance(HOUR_MS);
  await events.until(async () => {
    const rows = await sql(storage, "SELECT 1 AS one FROM idempotency");
    return rows.length === 1;
  });
  await events.until(() => clock.pending() > 0);

  // A Thursday, 3 December 2026, is the first day kept; its week stays, those before go.
  clock.now = () => now() + RETENTION_MS + 9 * DAY_MS;
  clock.advance(HOUR_MS);
  await events.until(() => clock.pending() > 0);
  expect(await partitions()).toEqual([
    "message_20261130",
    "message_20261207",
    "message_20270222",
    "message_20270301",
    "message_20270308",
    "message_20270315",
    "message_other",
  ]);
  await keeper.stop();
  expect(clock.pending()).toBe(0);
});
