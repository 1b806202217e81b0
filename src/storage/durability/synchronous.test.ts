/**
 * A synchronous standby that is gone: nothing is said to be stored, however the wait for it ends, and a
 * repeat of what was stored on the primary alone is not taken for safe either.
 */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ReplicatedPostgres } from "../../../test/support/replicated-postgres.ts";
import {
  createIds,
  createTenant,
  silentLog,
  sql,
  type Tenant,
  testVault,
} from "../../../test/support/factories.ts";
import { toApiError } from "../../api/error-handling.ts";
import { type NewAction, insertActions } from "../actions/insert-actions.ts";
import {
  beginIdempotentRequest,
  finishIdempotentRequest,
} from "../idempotency/idempotent-request.ts";
import { insertMessages, type NewMessage } from "../messages/insert-messages.ts";
import { UncertainCommitError } from "../primary/errors.ts";
import { Storage } from "../storage.ts";

let pair: ReplicatedPostgres;
/** With a deadline that no test reaches unless it is about it. */
let patient: Storage;
let tenant: Tenant;
const ids = createIds();
const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();

function open(statementMsMax: number): Storage {
  const connectionUrl = pair.urlOf("a");
  return new Storage({ connectionUrl, vault: testVault, log: silentLog, statementMsMax });
}

function message(changes: Partial<NewMessage>): NewMessage {
  return {
    ...tenant,
    messageId: ids.make("msg_"),
    eventId: null,
    eventType: "a.b",
    channels: null,
    tags: null,
    payload: Buffer.from("{}"),
    idempotency: null,
    ...changes,
  };
}

/** Cancels every wait for the standby until `work` has ended. @returns how it ended */
async function cancelled(work: Promise<unknown>): Promise<unknown> {
  const state = { over: false };
  const end = work
    .then(
      (value) => value,
      (error: unknown) => error,
    )
    .finally(() => (state.over = true));
  while (!state.over) {
    await pair.query(
      "a",
      "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'",
    );
  }
  return await end;
}

async function isVisible(messageId: string): Promise<boolean> {
  const rows = await pair.query("a", `SELECT 1 FROM message WHERE message_id = '${messageId}'`);
  return rows.length === 1;
}

beforeAll(async () => {
  pair = await ReplicatedPostgres.start();
  patient = open(60_000);
  tenant = await createTenant(patient);
});

afterAll(async () => {
  await patient.close();
  await pair.close();
});

test("E15: a commit that waits too long is refused with 503 and completes once the standby is back", async () => {
  const hasty = open(500);
  await pair.stop("b");
  const lost = message({});
  const failure: unknown = await insertMessages(hasty, [lost]).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(UncertainCommitError);
  expect(toApiError(failure)).toMatchObject({ status: 503, headers: { "retry-after": "1" } });
  expect(hasty.pool).toMatchObject({ total: 1, idle: 0 });
  expect(await isVisible(lost.messageId)).toBe(false);
  await pair.run("b");
  await expect.poll(() => hasty.pool.idle, { timeout: 20_000 }).toBe(1);
  expect(await isVisible(lost.messageId)).toBe(true);
  await hasty.close();
});

test("E16: a cancelled wait is no acceptance, and neither is a repeat until the standby has it", async () => {
  const idempotency = { keyHash: sha256("key"), requestHash: sha256("request") };
  const first = message({ idempotency });
  const again = message({ idempotency });
  const twin = message({ eventId: "twin" });
  await insertMessages(patient, [twin]);
  await pair.stop("b");
  expect(await cancelled(insertMessages(patient, [first]))).toBeInstanceOf(UncertainCommitError);
  expect(await isVisible(first.messageId)).toBe(true);
  const repeats = [again, message({ eventId: "twin" })].map((repeat) =>
    cancelled(insertMessages(patient, [repeat])),
  );
  for (const end of await Promise.all(repeats)) expect(end).toBeInstanceOf(UncertainCommitError);
  const waiting = insertMessages(patient, [again]);
  await pair.run("b");
  expect(await waiting).toMatchObject([{ kind: "replayed", messageId: first.messageId }]);
});

test("E16: nor is a push that is repeated, or another request with its key", async () => {
  const { environmentId } = tenant;
  await sql(
    patient,
    `INSERT INTO device (environment_id, device_id, bucket, connector, name)
     VALUES ($1, 'dev_1', 0, 'sandbox', '')`,
    [environmentId],
  );
  const push = (): NewAction => ({
    environmentId,
    actionId: ids.make("act_"),
    deviceId: "dev_1",
    deviceType: "battery",
    bucket: 0,
    userId: null,
    command: "idle",
    parameters: "{}",
    sandbox: null,
    idempotency: { keyHash: sha256("push"), requestHash: sha256("push") },
  });
  const first = push();
  const request = { environmentId, keyHash: sha256("post"), requestHash: sha256("post") };
  expect(await beginIdempotentRequest(patient, request)).toEqual({ kind: "begun" });
  await pair.stop("b");
  const unsure = [
    insertActions(patient, [first]),
    finishIdempotentRequest(patient, request, { status: 201, body: "{}" }),
  ];
  for (const end of await Promise.all(unsure.map(cancelled))) {
    expect(end).toBeInstanceOf(UncertainCommitError);
  }
  const repeats = [insertActions(patient, [push()]), beginIdempotentRequest(patient, request)];
  for (const end of await Promise.all(repeats.map(cancelled))) {
    expect(end).toBeInstanceOf(UncertainCommitError);
  }
  await pair.run("b");
  expect(await insertActions(patient, [push()])).toEqual([
    { kind: "replayed", actionId: first.actionId },
  ]);
  expect(await beginIdempotentRequest(patient, request)).toMatchObject({ kind: "answered" });
});
