import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { answer } from "../../test/support/fake-sender.ts";
import { createEndpoint, createTenant, publishRequest, sql } from "../../test/support/factories.ts";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { TestNode } from "../../test/support/test-node.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database.drop());

test("what became due before what is in memory already is sent whole", async () => {
  const clock = createManualClock();
  const node = await new TestNode({ url: database.url, clock }).start();
  const tenant = await createTenant(node.storage);
  const { applicationId, endpointId, bucket } = await createEndpoint(node.storage, tenant);
  node.sender.answer = (_, n) => (n === 1 ? node.sender.hang() : answer());
  await node.engine.publish(publishRequest(tenant));
  await node.sender.nth(1);
  // As a retry that another node planned.
  const payload = Buffer.from('{"older": true}');
  await sql(
    node.storage,
    `WITH message AS (
       INSERT INTO message (application_id, message_id, event_type, channels, payload)
       VALUES ($1, 'msg_older', 'older.event', '{a}', $4)
     )
     INSERT INTO delivery (application_id, endpoint_id, message_id, bucket, due_at)
     VALUES ($1, $2, 'msg_older', $3, to_timestamp($5::float8 / 1000))`,
    [applicationId, endpointId, bucket, payload, clock.now() - 1_000],
  );
  await node.sweep();
  node.sender.release();
  const { body, headers } = await node.sender.nth(2);
  expect(Buffer.from(body).toString()).toBe(payload.toString());
  expect(headers).toMatchObject({ "svix-id": "msg_older", "amps-event-type": "older.event" });
  await node.events.until(() => node.seen.settled === 2);
  const stored = await sql(node.storage, "SELECT event_type, channels FROM attempt ORDER BY 1");
  expect(stored).toEqual([
    { event_type: "older.event", channels: ["a"] },
    { event_type: "push.completed", channels: null },
  ]);
  await node.stop();
});
