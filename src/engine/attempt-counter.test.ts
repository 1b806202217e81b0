/** What a node recorded and did not count is counted by whoever owns its buckets next. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { createEndpoint, createTenant, publishRequest, sql } from "../../test/support/factories.ts";
import { TestNode } from "../../test/support/test-node.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test("a killed node's attempts are counted by the next owner, each once", async () => {
  const first = await new TestNode({ url: database.url }).start();
  const tenant = await createTenant(first.storage);
  for (let made = 0; made < 3; made += 1) await createEndpoint(first.storage, tenant);
  for (let sent = 0; sent < 5; sent += 1) await first.engine.publish(publishRequest(tenant));
  await first.events.until(() => first.seen.settled >= 15);
  await first.die();
  const next = await new TestNode({ url: database.url, counting: true }).start();
  const counts = (): Promise<object[]> =>
    sql(
      next.storage,
      "SELECT attempts, successes FROM attempt_count WHERE seconds = 3600 ORDER BY endpoint_id",
    );
  await next.events.until(async () => (await counts()).length === 3);
  await next.counted();
  const five = { attempts: 5, successes: 5 };
  expect(await counts()).toEqual([five, five, five]);
  await next.stop();
});

test("results that wait for the database hold the count back, so that none is passed over", async () => {
  const node = await new TestNode({ url: database.url, counting: true }).start();
  const tenant = await createTenant(node.storage);
  const endpoint = await createEndpoint(node.storage, tenant);
  const gate = Promise.withResolvers<void>();
  let held = false;
  node.storage.before = async (name) => {
    if (name !== "record-attempts" || held) return;
    held = true;
    node.events.signal();
    await gate.promise;
  };
  await node.engine.publish(publishRequest(tenant));
  await node.events.until(() => held);
  const { settled } = node.seen;
  await node.engine.publish(publishRequest(tenant));
  await node.events.until(() => node.seen.settled > settled);
  await node.counted();
  gate.resolve();
  await node.events.until(() => node.seen.settled > settled + 1);
  await node.counted();
  const [row] = await sql<{ attempts: number }>(
    node.storage,
    "SELECT attempts FROM attempt_count WHERE seconds = 3600 AND endpoint_id = $1",
    [endpoint.endpointId],
  );
  expect(row?.attempts).toBe(2);
  await node.stop();
});

test("the last attempt of an endpoint is counted, whenever within a step of ids it was made", async () => {
  const node = await new TestNode({ url: database.url, counting: true }).start();
  for (let made = 0; made < 40; made += 1) {
    const tenant = await createTenant(node.storage);
    await createEndpoint(node.storage, tenant);
    const { settled } = node.seen;
    await node.engine.publish(publishRequest(tenant));
    await node.events.until(() => node.seen.settled > settled);
  }
  await node.allCounted();
  await node.stop();
});
