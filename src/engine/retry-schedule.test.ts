/** An endpoint's own retry schedule counts instead of the server's (`contract.md` §6). */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
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
  clock = createManualClock();
  const retryScheduleMs = [5_000, 300_000, 300_000];
  node = await new TestNode({
    url: database.url,
    clock,
    retryScheduleMs,
    random: () => 0,
  }).start();
});
afterAll(async () => {
  await node.stop();
  await database.drop();
});

beforeEach(async () => {
  tenant = await createTenant(node.storage);
  endpoint = await createEndpoint(node.storage, tenant);
  node.sender.answer = () => answer(500);
});

async function setSchedule(scheduleMs: number[] | null): Promise<void> {
  await changeEndpoint(node.storage, endpoint, "retry_schedule_ms = $3", [scheduleMs]);
  node.engine.endpointChanged(endpoint.endpointId);
}

async function publish(): Promise<void> {
  const outcome = await node.engine.publish(publishRequest(tenant));
  if (outcome.kind !== "accepted") throw new Error(`It was ${outcome.kind}.`);
}

/** When the next attempts are due, from now on; resolves when `count` attempts are recorded. */
async function delaysAfter(count: number): Promise<number[]> {
  const { applicationId } = tenant;
  const text = "SELECT 1 FROM attempt WHERE application_id = $1";
  await node.events.until(
    async () => (await sql(node.storage, text, [applicationId])).length === count,
  );
  const due = await sql<{ due_at: number }>(
    node.storage,
    "SELECT due_at FROM delivery WHERE application_id = $1",
    [applicationId],
  );
  return due.map(({ due_at }) => due_at - clock.now());
}

async function pass(durationMs: number): Promise<void> {
  clock.advance(durationMs);
  await node.sweep();
}

test("the endpoint's delays count, with jitter, and end where they end", async () => {
  await setSchedule([2_000, 60_000]);
  await publish();
  expect(await delaysAfter(1)).toEqual([1_600]);
  await pass(1_600);
  expect(await delaysAfter(2)).toEqual([48_000]);
  await pass(48_000);
  expect(await delaysAfter(3)).toEqual([]);
});

test("Retry-After is honoured as ever", async () => {
  await setSchedule([2_000]);
  node.sender.answer = () => answer(503, { headers: { retryAfter: "10" } });
  await publish();
  expect(await delaysAfter(1)).toEqual([10_000]);
});

test("an empty one is a single attempt", async () => {
  await setSchedule([]);
  await publish();
  expect(await delaysAfter(1)).toEqual([]);
});

test("a change is seen by what waits already, and null is the server's again", async () => {
  await setSchedule([2_000, 60_000]);
  await publish();
  expect(await delaysAfter(1)).toEqual([1_600]);
  await setSchedule(null);
  await pass(1_600);
  expect(await delaysAfter(2)).toEqual([240_000]);
  await setSchedule([2_000]);
  await pass(240_000);
  expect(await delaysAfter(3)).toEqual([]);
});
