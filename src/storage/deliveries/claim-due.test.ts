import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../test/support/database.ts";
import {
  createEndpoint,
  createIds,
  createTenant,
  sql,
  type Tenant,
  type TestEndpoint,
} from "../../../test/support/factories.ts";
import { type FaultyStorage, openStorage } from "../../../test/support/test-node.ts";
import { claimDueDeliveries, type LaneRoom, loadPayloads, readMessages } from "./claim-due.ts";
import { dropDeliveries } from "./drop-deliveries.ts";
import { findWaitingLanes, LANES_PER_BUCKET_MAX } from "./find-waiting-lanes.ts";
import { requeueDelivery } from "./requeue-delivery.ts";

const NODE_ID = "node_1";
const EPOCH = 7;
const NOW = 1_800_000_000_000;
let now = NOW;

let database: TestDatabase;
let storage: FaultyStorage;
let tenant: Tenant;
const ids = createIds(() => NOW);

beforeAll(async () => {
  database = await createTestDatabase();
  storage = openStorage(database.url, { now: () => now });
  tenant = await createTenant(storage);
  await sql(storage, "UPDATE bucket_lease SET node_id = $1, epoch = $2", [NODE_ID, EPOCH]);
});

afterAll(async () => {
  await storage.close();
  await database.drop();
});

beforeEach(async () => {
  now = NOW;
  await sql(storage, "TRUNCATE delivery, message");
});

interface Owed {
  dueInMs?: number;
  payload?: Buffer | null;
  trigger?: number;
  attempts?: number;
}

/** A delivery with its message, as if published earlier. @returns the message's id */
async function owe(endpoint: TestEndpoint, owed: Owed = {}): Promise<string> {
  const { dueInMs = 0, payload = Buffer.from("{}"), trigger = 0, attempts = 0 } = owed;
  const messageId = ids.make("msg_");
  const { applicationId, endpointId, bucket } = endpoint;
  await sql(
    storage,
    `INSERT INTO message (application_id, message_id, event_type, channels, payload)
     VALUES ($1, $2, 'push.completed', '{a,b}', $3)`,
    [applicationId, messageId, payload],
  );
  await sql(
    storage,
    `INSERT INTO delivery (application_id, endpoint_id, message_id, trigger, bucket, attempts, due_at)
     VALUES ($1, $2, $3, $4, $5, $6, to_timestamp($7::float8 / 1000))`,
    [applicationId, endpointId, messageId, trigger, bucket, attempts, NOW + dueInMs],
  );
  return messageId;
}

function roomOf(endpoint: TestEndpoint, changes: Partial<LaneRoom> = {}): LaneRoom {
  const { bucket, endpointId } = endpoint;
  return { bucket, endpointId, epoch: EPOCH, limit: 100, known: 0, dueAfter: 0, ...changes };
}

const claimIds = async (rooms: LaneRoom[], nodeId = NODE_ID): Promise<string[]> =>
  (await claimDueDeliveries(storage, nodeId, rooms)).map(({ messageId }) => messageId);

describe("claimDueDeliveries", () => {
  test("gives what is due, oldest first, with what an attempt needs", async () => {
    const endpoint = await createEndpoint(storage, tenant);
    const payload = Buffer.from('{"a":"é"}');
    const young = await owe(endpoint, { dueInMs: -5, attempts: 3, payload });
    const old = await owe(endpoint, { dueInMs: -50_000_000 });
    const later = await owe(endpoint, { dueInMs: 5 });
    const rows = await claimDueDeliveries(storage, NODE_ID, [roomOf(endpoint)]);
    expect(rows.map(({ messageId }) => messageId)).toEqual([old, young]);
    expect(rows[1]).toEqual({
      bucket: endpoint.bucket,
      epoch: EPOCH,
      ...tenant,
      endpointId: endpoint.endpointId,
      messageId: young,
      trigger: 0,
      attempts: 3,
      dueAt: NOW - 5,
      revision: 1,
      eventType: "push.completed",
      channels: ["a", "b"],
      payloadBytes: payload.length,
      hasMessage: true,
      payload,
    });
    now += 5;
    expect(await claimIds([roomOf(endpoint)])).toEqual([old, young, later]);
  });

  test("writes nothing: the same rows are claimed again", async () => {
    const endpoint = await createEndpoint(storage, tenant);
    const messageId = await owe(endpoint);
    expect(await claimIds([roomOf(endpoint)])).toEqual([messageId]);
    expect(await claimIds([roomOf(endpoint)])).toEqual([messageId]);
  });

  test("keeps to the limit of each lane, and starts at its floor", async () => {
    const one = await createEndpoint(storage, tenant);
    const other = await createEndpoint(storage, tenant);
    const ofOne = [];
    for (let n = 0; n < 4; n += 1) ofOne.push(await owe(one, { dueInMs: n - 100 }));
    const ofOther = [await owe(other, { dueInMs: -200 }), await owe(other, { dueInMs: -50 })];
    expect(await claimIds([roomOf(one, { limit: 2 }), roomOf(other, { limit: 1 })])).toEqual([
      ofOther[0],
      ofOne[0],
      ofOne[1],
    ]);
    expect(await claimIds([roomOf(one, { dueAfter: NOW - 98 })])).toEqual(ofOne.slice(2));
  });

  test("gives nothing to another node, nor under another epoch", async () => {
    const endpoint = await createEndpoint(storage, tenant);
    const messageId = await owe(endpoint);
    expect(await claimIds([roomOf(endpoint)], "node_2")).toEqual([]);
    expect(await claimIds([roomOf(endpoint, { epoch: EPOCH - 1 })])).toEqual([]);
    expect(await claimIds([roomOf(endpoint, { epoch: EPOCH + 1 })])).toEqual([]);
    expect(await claimIds([roomOf(endpoint)])).toEqual([messageId]);
  });

  test("an expunged payload and a dropped message are gone, the delivery is not", async () => {
    const endpoint = await createEndpoint(storage, tenant);
    const expunged = await owe(endpoint, { dueInMs: -2, payload: null });
    const dropped = await owe(endpoint, { dueInMs: -1 });
    await sql(storage, "DELETE FROM message WHERE message_id = $1", [dropped]);
    const rows = await claimDueDeliveries(storage, NODE_ID, [roomOf(endpoint)]);
    const loaded = await loadPayloads(storage, rows);
    expect(loaded.map(({ messageId, payload }) => [messageId, payload])).toEqual([
      [expunged, null],
      [dropped, null],
    ]);
  });

  test("messages of as many rows as are known are read only when asked for", async () => {
    const endpoint = await createEndpoint(storage, tenant);
    const payloads = [1, 2, 5_000, 3].map((bytes) => randomBytes(bytes));
    const owedIds = [];
    for (const [n, payload] of payloads.entries())
      owedIds.push(await owe(endpoint, { dueInMs: n - 9, payload }));
    await sql(storage, "DELETE FROM message WHERE message_id = $1", [owedIds[1]]);
    const rows = await claimDueDeliveries(storage, NODE_ID, [roomOf(endpoint, { known: 3 })]);
    const [first, gone, large, last] = rows;
    expect(rows.map(({ messageId }) => messageId)).toEqual(owedIds);
    expect(rows.map(({ hasMessage }) => hasMessage)).toEqual([false, false, false, true]);
    expect(first).toMatchObject({ payload: null, payloadBytes: 0, trigger: 0, dueAt: NOW - 9 });
    expect(last).toMatchObject({ payload: payloads[3], eventType: "push.completed" });
    await readMessages(storage, rows.slice(0, 3));
    const read = { hasMessage: true, eventType: "push.completed", channels: ["a", "b"] };
    expect(first).toMatchObject({ ...read, payload: payloads[0], payloadBytes: 1 });
    expect(gone).toMatchObject({ hasMessage: true, payload: null, payloadBytes: 0 });
    expect(large).toMatchObject({ ...read, payload: null, payloadBytes: 5_000 });
    expect((await loadPayloads(storage, rows))[2]?.payload).toEqual(payloads[2]);
  });

  test("large payloads come only when asked for", async () => {
    const endpoint = await createEndpoint(storage, tenant);
    const payloads = [4_096, 4_097, 1_000_000].map((bytes) => randomBytes(bytes));
    for (const [n, payload] of payloads.entries()) await owe(endpoint, { dueInMs: n - 9, payload });
    const rows = await claimDueDeliveries(storage, NODE_ID, [roomOf(endpoint)]);
    expect(rows.map(({ payloadBytes }) => payloadBytes)).toEqual([4_096, 4_097, 1_000_000]);
    expect(rows.map(({ payload }) => payload?.length)).toEqual([4_096, undefined, undefined]);
    const loaded = await loadPayloads(storage, rows);
    expect(loaded.map(({ payload }, n) => payloads[n]?.equals(payload ?? Buffer.alloc(0)))).toEqual(
      [true, true, true],
    );
  });
});

describe("findWaitingLanes", () => {
  test("tells each endpoint of the buckets once, with its first due time", async () => {
    const bucket = 3;
    const endpoints = [];
    for (let n = 0; n < 3; n += 1)
      endpoints.push(await createEndpoint(storage, tenant, { bucket }));
    const foreign = await createEndpoint(storage, tenant, { bucket: 4 });
    const [now1, later, none] = endpoints.toSorted((a, b) =>
      a.endpointId < b.endpointId ? -1 : 1,
    );
    if (now1 === undefined || later === undefined || none === undefined) throw new Error("three");
    await owe(now1, { dueInMs: -1_500 });
    await owe(now1, { dueInMs: 10_000 });
    await owe(later, { dueInMs: 2_500 });
    await owe(foreign);
    const found = await findWaitingLanes(storage, [{ bucket, afterEndpointId: "" }]);
    expect(found.lanes).toEqual([
      { bucket, endpointId: now1.endpointId, dueInMs: -1_500 },
      { bucket, endpointId: later.endpointId, dueInMs: 2_500 },
    ]);
    expect(found.next).toEqual([{ bucket, afterEndpointId: "" }]);
    const cursor = { bucket, afterEndpointId: now1.endpointId };
    const rest = await findWaitingLanes(storage, [cursor]);
    expect(rest.lanes.map(({ endpointId }) => endpointId)).toEqual([later.endpointId]);
  });

  test("goes through more endpoints than one call visits, each exactly once", async () => {
    const bucket = 9;
    const total = LANES_PER_BUCKET_MAX * 2 + 5;
    await sql(
      storage,
      `INSERT INTO delivery (application_id, endpoint_id, message_id, bucket, due_at)
       SELECT 'app', 'ep_' || lpad(e::text, 6, '0'), 'msg_' || m, $1, now()
       FROM generate_series(1, $2) e, generate_series(1, 2) m`,
      [bucket, total],
    );
    const seen: string[] = [];
    let afterEndpointId = "";
    let calls = 0;
    do {
      const found = await findWaitingLanes(storage, [{ bucket, afterEndpointId }]);
      seen.push(...found.lanes.map(({ endpointId }) => endpointId));
      afterEndpointId = found.next[0]?.afterEndpointId ?? "";
      calls += 1;
    } while (afterEndpointId !== "");
    expect(seen).toHaveLength(total);
    expect(new Set(seen).size).toBe(total);
    expect(calls).toBe(3);
  });
});

describe("requeueDelivery", () => {
  test("makes one manual delivery beside the chain, however often it is asked for", async () => {
    const endpoint = await createEndpoint(storage, tenant);
    const messageId = await owe(endpoint, { dueInMs: 1_000_000, attempts: 2 });
    const manual = { ...endpoint, messageId };
    await requeueDelivery(storage, manual);
    now += 60_000;
    await requeueDelivery(storage, manual);
    const rows = await claimDueDeliveries(storage, NODE_ID, [roomOf(endpoint)]);
    expect(rows).toMatchObject([{ messageId, trigger: 1, attempts: 0, dueAt: NOW }]);
    const all = await sql(storage, "SELECT trigger, attempts FROM delivery ORDER BY trigger");
    expect(all).toEqual([
      { trigger: 0, attempts: 2 },
      { trigger: 1, attempts: 0 },
    ]);
  });
});

describe("dropDeliveries", () => {
  test("forgets one endpoint's deliveries in bounded steps, and no other's", async () => {
    const kept = await createEndpoint(storage, tenant);
    const dropped = await createEndpoint(storage, tenant);
    const messageId = await owe(kept);
    await sql(
      storage,
      `INSERT INTO delivery (application_id, endpoint_id, message_id, bucket, due_at)
       SELECT $1, $2, 'msg_' || n, $3, now() FROM generate_series(1, 5001) n`,
      [dropped.applicationId, dropped.endpointId, dropped.bucket],
    );
    expect(await dropDeliveries(storage, dropped)).toBe(true);
    expect(await dropDeliveries(storage, dropped)).toBe(false);
    expect(await sql(storage, "SELECT message_id FROM delivery")).toEqual([
      { message_id: messageId },
    ]);
  });
});
