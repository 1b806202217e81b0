import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../test/support/database.ts";
import {
  attemptRecord,
  createIds,
  createTenant,
  sql,
  type Tenant,
} from "../../../test/support/factories.ts";
import { type FaultyStorage, openStorage } from "../../../test/support/test-node.ts";
import { MANUAL } from "../../core/attempt-outcome.ts";
import { type AttemptRecord, recordAttempts } from "./record-attempts.ts";

const NOW = 1_800_000_000_000;
const BUCKET = 5;
const EPOCH = 3;
let database: TestDatabase;
let storage: FaultyStorage;
let tenant: Tenant;
const ids = createIds(() => NOW);

beforeAll(async () => {
  database = await createTestDatabase();
  storage = openStorage(database.url, { now: () => NOW });
  tenant = await createTenant(storage);
});

afterAll(async () => {
  await storage.close();
  await database.drop();
});

beforeEach(async () => {
  await sql(storage, "TRUNCATE delivery, attempt");
  await sql(storage, "UPDATE bucket_lease SET node_id = 'node_1', epoch = $1", [EPOCH]);
  storage.after = () => undefined;
});

/** A result, and the delivery it is about in the database. */
async function attempted(changes: Partial<AttemptRecord> = {}): Promise<AttemptRecord> {
  const record = attemptRecord(tenant, {
    bucket: BUCKET,
    epoch: EPOCH,
    messageId: ids.make("msg_"),
    attemptId: ids.make("atmpt_"),
    attemptedAt: NOW - 12,
    ...changes,
  });
  await sql(
    storage,
    `INSERT INTO delivery (application_id, endpoint_id, message_id, trigger, bucket, attempts, due_at)
     VALUES ($1, $2, $3, $4, $5, 2, to_timestamp($6::float8 / 1000))`,
    [
      record.applicationId,
      record.endpointId,
      record.messageId,
      record.trigger,
      record.bucket,
      NOW - 100,
    ],
  );
  return record;
}

const FAILED: Partial<AttemptRecord> = {
  succeeded: false,
  responseStatus: 0,
  responseBody: Buffer.alloc(0),
  errorCode: "refused",
  errorMessage: "Nothing listens there.",
};

const deliveries = (): Promise<object[]> =>
  sql(storage, "SELECT message_id, trigger, attempts, due_at FROM delivery ORDER BY message_id");
const attempts = (): Promise<object[]> =>
  sql(storage, "SELECT attempt_id, next_attempt_at FROM attempt ORDER BY attempt_id");

test("a delivered and an exhausted delivery end, a backed-off one waits", async () => {
  const delivered = await attempted();
  const exhausted = await attempted(FAILED);
  const backedOff = await attempted({ ...FAILED, retryDelayMs: 5_000 });
  const untouched = await attempted();
  expect(await recordAttempts(storage, [delivered, exhausted, backedOff])).toEqual(new Set());
  const { messageId } = backedOff;
  const left = await deliveries();
  expect(left).toHaveLength(2);
  expect(left).toContainEqual({
    message_id: messageId,
    trigger: 0,
    attempts: 3,
    due_at: NOW + 5_000,
  });
  expect(left).toContainEqual({
    message_id: untouched.messageId,
    trigger: 0,
    attempts: 2,
    due_at: NOW - 100,
  });
  expect(await attempts()).toContainEqual({
    attempt_id: backedOff.attemptId,
    next_attempt_at: NOW + 5_000,
  });
});

test("every field comes back as it was, bytes included", async () => {
  const responseBody = randomBytes(16 * 1024);
  const record = await attempted({
    ...FAILED,
    channels: ["a", "b"],
    responseStatus: 503,
    responseBody,
    responseTruncated: true,
    responseHeaders: 'x-one: 1\nx-two: \u00e9"\\',
    durationMs: 30_000,
    errorMessage: "The receiver said: “näh” 😀",
    retryDelayMs: 1,
  });
  await recordAttempts(storage, [await attempted(), record, await attempted()]);
  const text = "SELECT * FROM attempt WHERE application_id = $1 AND attempt_id = $2";
  const [row] = await sql(storage, text, [record.applicationId, record.attemptId]);
  expect(row).toEqual({
    application_id: record.applicationId,
    attempt_id: record.attemptId,
    endpoint_id: "ep_1",
    message_id: record.messageId,
    event_type: "push.completed",
    channels: ["a", "b"],
    trigger: 0,
    signature: record.signature,
    response_headers: record.responseHeaders,
    succeeded: false,
    response_status: 503,
    response_body: responseBody,
    response_truncated: true,
    duration_ms: 30_000,
    error_code: "refused",
    error_message: "The receiver said: “näh” 😀",
    url: "http://receiver.test/",
    attempted_at: NOW - 12,
    next_attempt_at: NOW + 1,
  });
});

test("what differs from the others in one thing only is stored as it is", async () => {
  const plain = await attempted();
  const others: Partial<AttemptRecord>[] = [
    { eventType: "push.failed" },
    { url: "http://moved.test/" },
    { channels: ["a"] },
    { channels: ["a", "b"] },
    { trigger: MANUAL },
    { responseStatus: 201 },
    { succeeded: false },
    { responseTruncated: true },
    { errorCode: "status" },
    { errorMessage: "The receiver answered 500." },
    { responseBody: Buffer.from("other") },
    { responseHeaders: null },
    { signature: null },
    { durationMs: 13 },
    { attemptedAt: NOW - 11 },
    { retryDelayMs: 1_000 },
  ];
  const batch = [plain];
  for (const changes of others) batch.push(await attempted(changes));
  batch.push(await attempted());
  await recordAttempts(storage, batch);
  const stored = await sql(
    storage,
    `SELECT attempt_id AS "attemptId", message_id AS "messageId", event_type AS "eventType", url, channels,
       trigger, response_status AS "responseStatus", succeeded, response_truncated AS "responseTruncated",
       error_code AS "errorCode", error_message AS "errorMessage", response_body AS "responseBody",
       response_headers AS "responseHeaders", signature, duration_ms AS "durationMs",
       attempted_at AS "attemptedAt" FROM attempt`,
  );
  expect(stored).toHaveLength(batch.length);
  for (const record of batch) {
    const row = stored.find(({ attemptId }) => attemptId === record.attemptId);
    expect(row).toBeDefined();
    expect(record).toMatchObject(row ?? {});
  }
});

test("E04: a result of an older or newer epoch changes nothing", async () => {
  const late = await attempted({ epoch: EPOCH - 1 });
  const early = await attempted({ ...FAILED, epoch: EPOCH + 1, retryDelayMs: 5_000 });
  const before = await deliveries();
  const valid = await attempted({ bucket: 6 });
  expect(await recordAttempts(storage, [late, valid, early])).toEqual(
    new Set([late.attemptId, early.attemptId]),
  );
  expect(await deliveries()).toEqual(before);
  expect(await attempts()).toHaveLength(1);
});

test("a manual success delivers the message: the chain beside it ends too", async () => {
  const chain = await attempted();
  const other = await attempted();
  const manual = await attempted({ messageId: chain.messageId, trigger: 1 });
  await recordAttempts(storage, [manual]);
  expect(await deliveries()).toMatchObject([{ message_id: other.messageId }]);
});

test("a manual success ends the chain also when a failure of the chain is in the same batch", async () => {
  const chain = await attempted({ ...FAILED, retryDelayMs: 5_000 });
  const other = await attempted({ ...FAILED, retryDelayMs: 5_000 });
  const manual = await attempted({ messageId: chain.messageId, trigger: 1 });
  for (const batch of [
    [chain, other, manual],
    [manual, chain],
  ]) {
    const attemptIds = batch.map(() => ids.make("atmpt_"));
    const again = batch.map((record, n) => ({ ...record, attemptId: attemptIds[n] ?? "" }));
    expect(await recordAttempts(storage, again)).toEqual(new Set());
    expect(await deliveries()).toMatchObject([{ message_id: other.messageId }]);
  }
});

test("a chain's success leaves the manual attempt that was asked for", async () => {
  const chain = await attempted();
  await attempted({ messageId: chain.messageId, trigger: 1 });
  await recordAttempts(storage, [chain]);
  expect(await deliveries()).toMatchObject([{ message_id: chain.messageId, trigger: 1 }]);
});

test("a manual failure ends its own delivery and leaves the chain as it is", async () => {
  const chain = await attempted();
  const manual = await attempted({ ...FAILED, messageId: chain.messageId, trigger: 1 });
  await recordAttempts(storage, [manual]);
  expect(await deliveries()).toEqual([
    { message_id: chain.messageId, trigger: 0, attempts: 2, due_at: NOW - 100 },
  ]);
});

test("the same batch again, after its answer was lost, changes nothing and counts the same", async () => {
  const backedOff = await attempted({ ...FAILED, retryDelayMs: 5_000 });
  const delivered = await attempted();
  const fenced = await attempted({ epoch: EPOCH - 1 });
  storage.after = (name) => {
    if (name === "record-attempts") throw new Error("The connection was lost.");
  };
  const batch = [backedOff, delivered, fenced];
  await expect(recordAttempts(storage, batch)).rejects.toThrow("lost");
  const before = [await deliveries(), await attempts()];
  storage.after = () => undefined;
  expect(await recordAttempts(storage, batch)).toEqual(new Set([fenced.attemptId]));
  expect([await deliveries(), await attempts()]).toEqual(before);
});

test("a result of a delivery that is no longer owed is kept as history", async () => {
  const record = await attempted();
  await sql(storage, "DELETE FROM delivery");
  expect(await recordAttempts(storage, [record])).toEqual(new Set());
  expect(await deliveries()).toEqual([]);
  expect(await attempts()).toHaveLength(1);
});
