/** Manual attempts: one each, now, beside whatever the chain does. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import {
  changeEndpoint,
  createEndpoint,
  createTenant,
  publishRequest,
  sql,
  type Tenant,
  type TestEndpoint,
} from "../../test/support/factories.ts";
import { answer } from "../../test/support/fake-sender.ts";
import { createManualClock, type ManualClock } from "../../test/support/manual-clock.ts";
import { TestNode } from "../../test/support/test-node.ts";

let database: TestDatabase;
let clock: ManualClock;
let node: TestNode;
let tenant: Tenant;
let endpoint: TestEndpoint;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database.drop());

beforeEach(async () => {
  clock = createManualClock();
  node = new TestNode({ url: database.url, clock });
  await sql(node.storage, "TRUNCATE delivery, attempt, message");
  await node.start();
  tenant = await createTenant(node.storage);
  endpoint = await createEndpoint(node.storage, tenant);
});

afterEach(() => node.stop());

async function publish(): Promise<string> {
  const outcome = await node.engine.publish(publishRequest(tenant));
  if (outcome.kind !== "accepted") throw new Error(`It was ${outcome.kind}.`);
  return outcome.messageId;
}

const settled = (count: number): Promise<void> =>
  node.events.until(() => node.seen.settled >= count, {
    describe: () => `${count} settled; there were ${node.seen.settled}`,
  });

const resend = (messageId: string): Promise<void> => node.engine.resend({ ...endpoint, messageId });

const owed = (): Promise<object[]> =>
  sql(node.storage, "SELECT trigger, attempts, due_at FROM delivery ORDER BY trigger");
const attempts = (): Promise<object[]> =>
  sql(
    node.storage,
    "SELECT trigger, succeeded, next_attempt_at FROM attempt ORDER BY attempted_at, trigger",
  );

test("a delivered message is sent once more, with the same id", async () => {
  const messageId = await publish();
  await settled(1);
  await resend(messageId);
  await settled(2);
  const ids = node.sender.requests.map(({ headers }) => headers["svix-id"]);
  expect(ids).toEqual([messageId, messageId]);
  expect(await attempts()).toEqual([
    { trigger: 0, succeeded: true, next_attempt_at: null },
    { trigger: 1, succeeded: true, next_attempt_at: null },
  ]);
  expect(await owed()).toEqual([]);
});

test("a resend that fails is not retried", async () => {
  const messageId = await publish();
  await settled(1);
  node.sender.answer = () => answer(500, { headers: { retryAfter: "1" } });
  await resend(messageId);
  await settled(2);
  expect(await attempts()).toMatchObject([{ trigger: 0 }, { trigger: 1, next_attempt_at: null }]);
  expect(await owed()).toEqual([]);
  clock.advance(86_400_000);
  await node.sweep();
  expect(node.sender.requests).toHaveLength(2);
});

test("beside a waiting chain: a failure leaves the chain and its plan alone", async () => {
  node.sender.answer = () => answer(500);
  const messageId = await publish();
  await settled(1);
  const before = await owed();
  expect(before).toEqual([{ trigger: 0, attempts: 1, due_at: clock.now() + 5_000 }]);
  await resend(messageId);
  await settled(2);
  expect(await owed()).toEqual(before);
  node.sender.answer = () => answer();
  clock.advance(5_000);
  await node.sweep();
  await settled(3);
  expect(await attempts()).toMatchObject([
    { trigger: 0, succeeded: false },
    { trigger: 1, succeeded: false },
    { trigger: 0, succeeded: true },
  ]);
});

test("beside a waiting chain: a success delivers the message, so the chain ends", async () => {
  node.sender.answer = (_, n) => answer(n === 1 ? 500 : 200);
  const messageId = await publish();
  await settled(1);
  await resend(messageId);
  await settled(2);
  expect(await owed()).toEqual([]);
  clock.advance(86_400_000);
  await node.sweep();
  expect(node.sender.requests).toHaveLength(2);
});

test("while the chain's attempt is in flight: both are made", async () => {
  node.sender.answer = (_, n) => (n === 1 ? node.sender.hang() : answer());
  const messageId = await publish();
  await node.sender.nth(1);
  await resend(messageId);
  await node.sweep();
  expect(await owed()).toMatchObject([{ trigger: 0 }, { trigger: 1 }]);
  node.sender.release();
  await settled(2);
  expect(node.sender.requests).toHaveLength(2);
  expect(await attempts()).toMatchObject([{ trigger: 0 }, { trigger: 1 }]);
  expect(await owed()).toEqual([]);
});

test("asked twice while it waits, it is made once", async () => {
  node.sender.answer = (_, n) => (n === 1 ? node.sender.hang() : answer());
  const messageId = await publish();
  await node.sender.nth(1);
  await resend(messageId);
  await resend(messageId);
  node.sender.release();
  await settled(2);
  await node.sweep();
  expect(node.sender.requests).toHaveLength(2);
});

test("a disabled endpoint is not resent to until it is enabled", async () => {
  const messageId = await publish();
  await settled(1);
  await changeEndpoint(node.storage, endpoint, "disabled = true");
  node.engine.endpointChanged(endpoint.endpointId);
  await resend(messageId);
  await settled(2);
  await node.sweep();
  expect(node.sender.requests).toHaveLength(1);
  await changeEndpoint(node.storage, endpoint, "disabled = false");
  node.engine.endpointChanged(endpoint.endpointId);
  expect((await node.sender.nth(2)).headers["svix-id"]).toBe(messageId);
});

test("a resend asked of a node that does not own the endpoint is made by the one that does", async () => {
  const messageId = await publish();
  await settled(1);
  const other = new TestNode({ url: database.url, clock });
  await other.engine.resend({ ...endpoint, messageId });
  await settled(2);
  expect(node.sender.requests).toHaveLength(2);
  expect(other.sender.requests).toHaveLength(0);
  await other.storage.close();
});
