import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { Events } from "../../test/support/events.ts";
import {
  createEndpoint,
  createIds,
  createTenant,
  silentLog,
  sql,
} from "../../test/support/factories.ts";
import { createManualClock, type ManualClock } from "../../test/support/manual-clock.ts";
import { type FaultyStorage, openStorage, TestNode } from "../../test/support/test-node.ts";
import { firstIdAt } from "../core/ids.ts";
import { ensurePartitions } from "../storage/partitions/partitions.ts";
import { IDEMPOTENCY_MS, PartitionKeeper } from "./partition-keeper.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const RETENTION_DAYS = 90;
/** A Tuesday. */
const NOW = Date.UTC(2026, 10, 24, 13);

let database: TestDatabase;
let storage: FaultyStorage;

beforeEach(async () => {
  database = await createTestDatabase();
  storage = openStorage(database.url);
});

afterEach(async () => {
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
  const keeper = new PartitionKeeper(storage, clock, log, RETENTION_DAYS);
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
  clock.now = () => now() + (RETENTION_DAYS + 9) * DAY_MS;
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

interface Old {
  tenant: { environmentId: string; applicationId: string };
  messageId: string;
}

/** A message of `weeksAgo`, with its event id, one attempt, and one delivery still owed. */
async function storeOld(weeksAgo: number): Promise<Old> {
  const at = NOW - weeksAgo * 7 * DAY_MS;
  await ensurePartitions(storage, at, 0);
  const tenant = await createTenant(storage);
  const endpoint = await createEndpoint(storage, tenant);
  const ids = createIds(() => at);
  const messageId = ids.make("msg_");
  const { applicationId } = tenant;
  await sql(
    storage,
    `INSERT INTO message (application_id, message_id, event_id, event_type, payload)
     VALUES ($1, $2, 'order-1', 'a', '{}')`,
    [applicationId, messageId],
  );
  await sql(storage, "INSERT INTO message_event_id VALUES ($1, 'order-1', $2)", [
    applicationId,
    messageId,
  ]);
  await sql(
    storage,
    `INSERT INTO attempt (application_id, attempt_id, endpoint_id, message_id, event_type, trigger,
       succeeded, response_status, response_body, duration_ms, url, attempted_at)
     VALUES ($1, $2, $3, $4, 'a', 0, false, 500, '', 1, '', now())`,
    [applicationId, ids.make("atmpt_"), endpoint.endpointId, messageId],
  );
  await sql(
    storage,
    `INSERT INTO delivery (application_id, endpoint_id, message_id, bucket, attempts, due_at)
     VALUES ($1, $2, $3, $4, 1, now() - interval '1 second')`,
    [applicationId, endpoint.endpointId, messageId, endpoint.bucket],
  );
  return { tenant, messageId };
}

async function count(table: string, { tenant }: Old): Promise<number> {
  const text = `SELECT count(*)::int AS n FROM ${table} WHERE application_id = $1`;
  const [row] = await sql<{ n: number }>(storage, text, [tenant.applicationId]);
  return row?.n ?? -1;
}

async function keepOnce(clock: ManualClock = createManualClock(NOW)): Promise<PartitionKeeper> {
  const keeper = new PartitionKeeper(storage, clock, silentLog, 14);
  await keeper.start();
  return keeper;
}

test("what refers to a dropped message goes too, and what is still owed ends as payload_gone", async () => {
  const gone = await storeOld(4);
  const kept = await storeOld(1);
  await (await keepOnce()).stop();
  for (const table of ["message", "message_event_id", "attempt"]) {
    expect([table, await count(table, gone), await count(table, kept)]).toEqual([table, 0, 1]);
  }
  expect(await count("delivery", gone)).toBe(1);

  const node = await new TestNode({ url: database.url }).start();
  await node.sweep();
  await node.events.until(async () => (await count("delivery", gone)) === 0);
  const attempts = await sql(
    storage,
    "SELECT error_code, next_attempt_at FROM attempt WHERE message_id = $1",
    [gone.messageId],
  );
  expect(attempts).toEqual([{ error_code: "payload_gone", next_attempt_at: null }]);
  expect([...node.sender.countsByMessage().keys()]).not.toContain(gone.messageId);
  await node.stop();
});

test("a long reader delays the drop, and neither it nor writers wait for it", async () => {
  await ensurePartitions(storage, NOW);
  const gone = await storeOld(4);
  const reader = await storage.session("long reader");
  await reader.query("BEGIN");
  await reader.query("SELECT count(*) FROM message");
  const clock = createManualClock(NOW);
  const keeper = await keepOnce(clock);
  expect(await count("message", gone)).toBe(1);
  // Nothing of the keeper waits in the queue for the table: a writer passes.
  await sql(
    storage,
    "INSERT INTO message (application_id, message_id, event_type) VALUES ('app', $1, 'a')",
    [firstIdAt("msg_", NOW)],
  );
  await reader.query("COMMIT");
  await reader.end();
  const events = new Events();
  storage.after = events.signal;
  clock.advance(60_000);
  await events.until(async () => (await count("message", gone)) === 0);
  await keeper.stop();
});
