import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { answer } from "../../test/support/fake-sender.ts";
import {
  createEndpoint,
  createTenant,
  publishRequest,
  sql,
  type TestEndpoint,
} from "../../test/support/factories.ts";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { TestNode, type TestNodeOptions } from "../../test/support/test-node.ts";
import type { Tracer } from "../core/types.ts";

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

describe("a backlog of more rows than one claim reads", () => {
  const ROWS = 1_000;
  const OLD_MS = 60_000;
  const YOUNG_MS = 10_000;

  let node: TestNode;
  let endpoint: TestEndpoint;
  const clock = createManualClock();
  const read = { claims: 0, rows: 0 };
  /** Counts what claims read. */
  const tracer: Tracer = {
    begin: (name) => ({
      trace: { traceId: "", spanId: "" },
      end: (attributes) => {
        if (name !== "amps.claim") return;
        read.claims += 1;
        read.rows += Number(attributes?.["amps.rows"]);
      },
    }),
    enter: () => undefined,
  };

  async function begin(changes: Partial<TestNodeOptions> = {}): Promise<void> {
    read.claims = 0;
    read.rows = 0;
    node = await new TestNode({ url: database.url, clock, tracer, ...changes }).start();
    await sql(node.storage, "TRUNCATE delivery, message, attempt");
    endpoint = await createEndpoint(node.storage, await createTenant(node.storage));
  }

  /** @param stepMs between the due times of two rows */
  async function owe(ids: string[], agoMs: number, stepMs = 1): Promise<void> {
    const { applicationId, endpointId, bucket } = endpoint;
    await sql(
      node.storage,
      `WITH event AS (SELECT * FROM unnest($1::text[]) WITH ORDINALITY AS e(message_id, n)),
       message AS (
         INSERT INTO message (application_id, message_id, event_type, payload)
         SELECT $2, message_id, 'push.completed', '{}' FROM event
       )
       INSERT INTO delivery (application_id, endpoint_id, message_id, bucket, due_at)
       SELECT $2, $3, message_id, $4, to_timestamp(($5::float8 + n * $6::float8) / 1000) FROM event`,
      [ids, applicationId, endpointId, bucket, clock.now() - agoMs, stepMs],
    );
  }

  const backlog = Array.from({ length: ROWS }, (_, n) => `msg_${String(n).padStart(4, "0")}`);
  const sent = (): (string | undefined)[] =>
    node.sender.requests.map(({ headers }) => headers["svix-id"]);

  async function drain(attempts: number): Promise<void> {
    await node.sweep();
    await settled(attempts);
  }

  async function settled(attempts: number): Promise<void> {
    await node.events.until(() => node.seen.settled >= attempts, {
      describe: () => `${attempts} attempts; there were ${node.seen.settled}`,
    });
    await node.stop();
  }

  test("is read once", async () => {
    await begin();
    // After a sweep that finds a lane with nothing queued, a claim begins at the oldest row: none does on the way.
    const swept = Promise.withResolvers<void>();
    node.sender.answer = () => swept.promise.then(() => answer());
    await owe(backlog, OLD_MS);
    await node.sweep();
    swept.resolve();
    await settled(ROWS);
    expect(sent()).toEqual(backlog);
    expect(read.claims).toBeGreaterThan(2);
    // Claims that each began at the oldest row would read 2,300 and more.
    expect(read.rows).toBeLessThan(ROWS * 1.1);
  });

  test("is sent whole when all of it is due at the same time", async () => {
    await begin();
    await owe(backlog, OLD_MS, 0);
    await drain(ROWS);
    expect(sent().toSorted()).toEqual(backlog);
  });

  test("what was given back is read again before what follows", async () => {
    let fails = false;
    const random = (): number => {
      if (!fails) return 0.5;
      fails = false;
      throw new Error("A fault of our own.");
    };
    await begin({ random });
    node.sender.answer = (_, n) => {
      fails = n === 300;
      return answer();
    };
    await owe(backlog, OLD_MS);
    await drain(ROWS + 1);
    expect(new Set(sent()).size).toBe(ROWS);
    const twice = sent().find((id, n) => sent().indexOf(id) !== n);
    expect(sent().lastIndexOf(twice)).toBeGreaterThan(sent().indexOf(twice));
    expect(sent().lastIndexOf(twice)).toBeLessThan(ROWS - 1);
  });

  test("that is young: what becomes visible late is not passed over", async () => {
    await begin();
    node.sender.answer = async (_, n) => {
      if (n === 300) await owe(["msg_late"], YOUNG_MS + 1_000);
      return answer();
    };
    await owe(backlog, YOUNG_MS);
    await drain(ROWS + 1);
    expect(sent()).toHaveLength(ROWS + 1);
    expect(sent().indexOf("msg_late")).toBeLessThan(ROWS);
  });
});
