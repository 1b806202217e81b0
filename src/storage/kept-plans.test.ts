/**
 * Plans are made for the tables as they look just then, and kept. Queues fill and empty within seconds: a
 * plan for an empty queue must not read a full one from end to end.
 */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import {
  attemptRecord,
  createEndpoint,
  createIds,
  createTenant,
  sql,
  type Tenant,
} from "../../test/support/factories.ts";
import { openStorage } from "../../test/support/test-node.ts";
import { loadOpenActions } from "./actions/find-open-actions.ts";
import { insertActions, type NewAction } from "./actions/insert-actions.ts";
import { settleActions } from "./actions/settle-actions.ts";
import { type AttemptRecord, recordAttempts } from "./attempts/record-attempts.ts";
import { claimDueDeliveries, loadPayloads, readMessages } from "./deliveries/claim-due.ts";
import { journalIntents } from "./journal/journal-intents.ts";
import type { Storage } from "./storage.ts";

const BUCKET = 5;
const EPOCH = 3;
const FULL = 2_000;
/** After so many the driver's statements have the plan that they keep. */
const ROUNDS = 12;
/** More than any of these has to read for one item, fewer than any queue holds. */
const ROWS_MAX = 100;
const TABLES = ["delivery", "message", "action", "dispatch_journal", "device", "idempotency"];

let database: TestDatabase;
let storage: Storage;
let tenant: Tenant;
let endpointId: string;
const ids = createIds();

beforeEach(async () => {
  database = await createTestDatabase();
  // One connection: plans are kept by connections.
  storage = openStorage(database.url, { poolSize: 1 });
  tenant = await createTenant(storage);
  ({ endpointId } = await createEndpoint(storage, tenant, { bucket: BUCKET }));
  await sql(storage, "UPDATE bucket_lease SET node_id = 'node_1', epoch = $1", [EPOCH]);
  await sql(
    storage,
    `INSERT INTO device (environment_id, device_id, bucket, connector, name)
     SELECT $1, 'dev_' || n, $2, 'sandbox', '' FROM generate_series(0, ${FULL}) AS n`,
    [tenant.environmentId, BUCKET],
  );
  // What is done stays for long.
  await sql(
    storage,
    `INSERT INTO action (environment_id, action_id, device_id, device_type, bucket, command, parameters,
       state, created_at, updated_at)
     SELECT $1, 'act_0' || n, 'dev_' || n % 100, 'battery', $2, 'idle', '{}', 'completed', now(), now()
     FROM generate_series(1, ${10 * FULL}) AS n`,
    [tenant.environmentId, BUCKET],
  );
  // Queues without a page, as after an hour without work.
  await sql(storage, `VACUUM ANALYZE ${TABLES.join(", ")}`);
});

afterEach(async () => {
  await storage.close();
  await database.drop();
});

/** Rows of the queues and of what they are about that `work` makes the database read, in any way. */
async function rowsRead(work: () => Promise<unknown>): Promise<number> {
  const count = async (): Promise<number> => {
    await sql(storage, "SELECT pg_stat_force_next_flush()");
    const [row] = await sql<{ rows: number }>(
      storage,
      `SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int AS rows
       FROM pg_stat_user_tables WHERE relname ~ $1`,
      [`^(${TABLES.join("|")})(_[0-9a-z]+)?$`],
    );
    return row?.rows ?? 0;
  };
  const before = await count();
  await work();
  return (await count()) - before;
}

async function attempted(changes: Partial<AttemptRecord> = {}): Promise<AttemptRecord> {
  const record = attemptRecord(tenant, { bucket: BUCKET, epoch: EPOCH, endpointId, ...changes });
  await sql(
    storage,
    `INSERT INTO delivery (application_id, endpoint_id, message_id, bucket, due_at)
     VALUES ($1, $2, $3, $4, now())`,
    [record.applicationId, record.endpointId, record.messageId, BUCKET],
  );
  return record;
}

async function deliver(): Promise<void> {
  const retried = await attempted({ succeeded: false, retryDelayMs: 60_000 });
  await recordAttempts(storage, [await attempted(), retried]);
  await attempted();
  const lane = { bucket: BUCKET, epoch: EPOCH, endpointId, limit: 1, dueAfter: 0 };
  const rooms = [0, 1].map((known) => ({ ...lane, known }));
  const rows = await claimDueDeliveries(storage, "node_1", rooms);
  // The same row for both; no plan has to tell the first one first.
  expect(rows.map(({ hasMessage }) => hasMessage).toSorted()).toEqual([false, true]);
  await readMessages(storage, rows);
  await loadPayloads(
    storage,
    rows.map((row) => ({ ...row, payload: null, payloadBytes: 1 })),
  );
}

async function act(deviceId: string): Promise<void> {
  const { environmentId } = tenant;
  const actionId = ids.make("act_");
  const key = { environmentId, actionId, deviceId };
  const push: NewAction = {
    ...key,
    deviceType: "battery",
    bucket: BUCKET,
    userId: null,
    command: "idle",
    parameters: "{}",
    sandbox: null,
    idempotency: null,
  };
  expect(await insertActions(storage, [push])).toMatchObject([{ kind: "accepted" }]);
  const owned = { ...key, bucket: BUCKET, epoch: EPOCH };
  const intent = { ...owned, dispatchNumber: 1, planHash: "0", outcomeBefore: null };
  expect(await journalIntents(storage, [intent])).toEqual([true]);
  expect(await loadOpenActions(storage, [key])).toHaveLength(1);
  const settled = await settleActions(storage, [
    {
      ...owned,
      state: "completed",
      resultMessage: null,
      errorCode: null,
      errorMessage: null,
      settledAt: Date.now(),
      journal: { dispatchNumber: 1, outcome: "accepted" },
      observed: { state: "{}", observedAt: Date.now() },
      messageId: ids.make("msg_"),
      eventType: "push.completed",
      payload: Buffer.from("{}"),
    },
  ]);
  expect(settled).toMatchObject([{ kind: "settled" }]);
}

// The server's own choice, and both of what it chooses between.
describe.each(["auto", "force_custom_plan", "force_generic_plan"])("plans made by %s", (mode) => {
  beforeEach(() => sql(storage, `SET plan_cache_mode = ${mode}`));

  test("a queue of deliveries that fills is not read whole to record a result, or to claim one", async () => {
    for (let round = 0; round < ROUNDS; round += 1) await deliver();
    // Half of it is of the very endpoint.
    await sql(
      storage,
      `WITH message AS (
         INSERT INTO message (application_id, message_id, event_type, payload)
         SELECT $1, 'msg_' || number, 'push.completed', '' FROM generate_series(1, ${FULL}) AS number
       )
       INSERT INTO delivery (application_id, endpoint_id, message_id, bucket, due_at)
       SELECT $1, CASE number % 2 WHEN 0 THEN $3 ELSE 'ep_' || number % 20 END, 'msg_' || number, $2, now()
       FROM generate_series(1, ${FULL}) AS number`,
      [tenant.applicationId, BUCKET, endpointId],
    );
    expect(await rowsRead(deliver)).toBeLessThan(ROWS_MAX);
  });

  test.each([
    ["of before", "SELECT"],
    ["of a moment ago", "ANALYZE action, dispatch_journal"],
  ])(
    "open actions and a journal that fill are not read whole to drive one: statistics %s",
    async (_, analyze) => {
      for (let round = 0; round < ROUNDS; round += 1) await act("dev_0");
      await sql(storage, analyze);
      await sql(
        storage,
        `INSERT INTO action (environment_id, action_id, device_id, device_type, bucket, command, parameters,
         state, created_at, updated_at)
       SELECT $1, 'act_' || n, 'dev_' || n, 'battery', $2, 'idle', '{}', 'acknowledged', now(), now()
       FROM generate_series(1, ${FULL}) AS n`,
        [tenant.environmentId, BUCKET],
      );
      await sql(
        storage,
        `INSERT INTO dispatch_journal (environment_id, action_id, dispatch_number, device_id, epoch, plan_hash,
         intended_at, outcome, outcome_at)
       SELECT $1, 'act_' || n, 1, 'dev_' || n, 1, '0', now(), 'accepted', now()
       FROM generate_series(1, ${FULL}) AS n`,
        [tenant.environmentId],
      );
      expect(await rowsRead(() => act("dev_0"))).toBeLessThan(ROWS_MAX);
    },
  );
});
