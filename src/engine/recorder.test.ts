/** Under load few results wait for more, by the node's clock, and nothing is lost or miscounted by it. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import {
  createEndpoint,
  createTenant,
  publishRequest,
  sql,
  type Tenant,
} from "../../test/support/factories.ts";
import { createManualClock, type ManualClock } from "../../test/support/manual-clock.ts";
import { SimulatedTime } from "../../test/support/simulated-time.ts";
import { TestNode } from "../../test/support/test-node.ts";

const SPACING_MS = 20;

let database: TestDatabase;
let clock: ManualClock;
let node: TestNode;
let tenant: Tenant;
let statements: number;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

beforeEach(async () => {
  clock = createManualClock();
  const options = { url: database.url, clock, recordSpacingMs: SPACING_MS, counting: true };
  node = await new TestNode(options).start();
  tenant = await createTenant(node.storage);
  await createEndpoint(node.storage, tenant);
  statements = 0;
  node.storage.before = (name) => {
    if (name === "record-attempts") statements += 1;
  };
});
afterEach(() => node.stop());

/** Each is sent, and whatever can be stored now is. */
async function publish(count: number): Promise<void> {
  for (let made = 0; made < count; made += 1) await node.engine.publish(publishRequest(tenant));
  await new SimulatedTime(clock, node).quiet();
}

const counted = async (): Promise<number> => {
  const [row] = await sql<{ attempts: number }>(
    node.storage,
    `SELECT coalesce(sum(attempts), 0)::int AS attempts FROM attempt_count
     WHERE seconds = 3600 AND application_id = $1`,
    [tenant.applicationId],
  );
  return row?.attempts ?? -1;
};

test("a lone result is stored at once; few after it go together once 20 ms have passed", async () => {
  await publish(1);
  expect({ stored: node.seen.settled, statements }).toEqual({ stored: 1, statements: 1 });
  await publish(5);
  expect(node.sender.requests).toHaveLength(6);
  expect(node.engine.health().unrecorded).toBe(5);
  clock.advance(SPACING_MS - 1);
  await publish(1);
  expect({ stored: node.seen.settled, statements }).toEqual({ stored: 1, statements: 1 });
  clock.advance(1);
  await node.events.until(() => node.seen.settled === 7);
  expect(statements).toBe(2);
});

test("500 results do not wait", async () => {
  await publish(1);
  await publish(500);
  expect({ stored: node.seen.settled, statements }).toEqual({ stored: 501, statements: 2 });
});

test("what is stored is counted while later results wait", async () => {
  await publish(1);
  clock.advance(8);
  await publish(1);
  clock.advance(2);
  await node.events.until(async () => (await counted()) === 1);
  expect(node.engine.health().unrecorded).toBe(1);
  clock.advance(SPACING_MS);
  await node.events.until(() => node.seen.settled === 2);
});
