/** Many deliveries at once: memory is bounded, nobody waits for a stranger, nothing is sent twice. */
import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import {
  createEndpoint,
  createTenant,
  publishRequest,
  sql,
  type Tenant,
  type TestEndpoint,
} from "../../test/support/factories.ts";
import { answer, answerAfter } from "../../test/support/fake-sender.ts";
import { TestNode } from "../../test/support/test-node.ts";

const MIB = 1024 * 1024;
const PATIENCE = { timeoutMs: 60_000 };

let database: TestDatabase;
let node: TestNode;
let tenant: Tenant;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database.drop());

beforeEach(async () => {
  node = new TestNode({ url: database.url });
  await sql(node.storage, "TRUNCATE delivery, attempt, message");
  tenant = await createTenant(node.storage);
});

afterEach(async () => {
  node.sender.release();
  await node.stop();
});

const countRows = async (table: "delivery" | "attempt"): Promise<number> => {
  const [row] = await sql<{ n: number }>(node.storage, `SELECT count(*)::int AS n FROM ${table}`);
  return row?.n ?? -1;
};

/** `count` messages for each of the event types, by 200 publishers at once. */
async function publish(count: number, eventTypes: string[], payload?: Buffer): Promise<void> {
  let next = 0;
  const total = count * eventTypes.length;
  const publisher = async (): Promise<void> => {
    while (next < total) {
      const eventType = eventTypes[next % eventTypes.length] ?? "";
      next += 1;
      const changes = { eventType, ...(payload === undefined ? {} : { payload }) };
      const { kind } = await node.engine.publish(publishRequest(tenant, changes));
      if (kind !== "accepted") throw new Error(`It was ${kind}.`);
    }
  };
  await Promise.all(Array.from({ length: 200 }, publisher));
}

/** `count` due deliveries of one endpoint, as an earlier outage leaves them. */
async function backlog(endpoint: TestEndpoint, count: number, payload: Buffer): Promise<void> {
  await sql(
    node.storage,
    `WITH made AS (
       INSERT INTO message (application_id, message_id, event_type, payload)
       SELECT $1, 'msg_' || $2 || lpad(n::text, 9, '0'), 'backlog', $5
       FROM generate_series(1, $4) n RETURNING message_id
     )
     INSERT INTO delivery (application_id, endpoint_id, message_id, bucket, due_at)
     SELECT $1, $2, message_id, $3, now() - interval '1 hour' + random() * interval '1 minute'
     FROM made`,
    [endpoint.applicationId, endpoint.endpointId, endpoint.bucket, count, payload],
  );
}

async function endpointsFor(eventTypes: string[]): Promise<TestEndpoint[]> {
  const made = [];
  for (const eventType of eventTypes) {
    made.push(await createEndpoint(node.storage, tenant, { eventTypes: [eventType] }));
  }
  return made;
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, n) => `type.${n}`);

/** Each message exactly once, each recorded, none owed. */
async function expectExactlyOnce(total: number): Promise<void> {
  await node.events.until(() => node.engine.health().counters.delivered >= total, PATIENCE);
  const counts = [...node.sender.countsByMessage().values()];
  expect(counts).toHaveLength(total);
  expect(counts.filter((count) => count !== 1)).toEqual([]);
  expect(await countRows("delivery")).toBe(0);
  expect(await countRows("attempt")).toBe(total);
  expect(node.engine.health()).toMatchObject({ inFlight: 0, queued: 0, unrecorded: 0 });
}

describe("exactly once without faults", () => {
  test("20,000 messages over 20 endpoints, handed off and refilled while they are published", async () => {
    // Answers come out of order, so that claims see what is in flight and just recorded.
    node.sender.answer = (_, n) => answerAfter(n % 50);
    const types = numbered(20);
    await endpointsFor(types);
    await node.start();
    await publish(1_000, types);
    await expectExactlyOnce(20_000);
  }, 60_000);

  test("20,000 of a backlog over 20 endpoints", async () => {
    node.sender.answer = (_, n) => answerAfter(n % 50);
    const endpoints = await endpointsFor(numbered(20));
    for (const endpoint of endpoints) await backlog(endpoint, 1_000, Buffer.from("{}"));
    await node.start();
    await expectExactlyOnce(20_000);
  }, 60_000);

  test("two nodes share 10,000 messages that either accepts", async () => {
    const other = new TestNode({ url: database.url, sender: node.sender });
    const types = numbered(40);
    await endpointsFor(types);
    await node.start();
    await other.start();
    await node.events.until(
      () => node.node.owned.delivery === 32 && other.node.owned.delivery === 32,
    );
    const mine = publish(125, types);
    const theirs = Promise.all(
      Array.from({ length: 5_000 }, (_, n) =>
        other.engine.publish(publishRequest(tenant, { eventType: types[n % 40] ?? "" })),
      ),
    );
    await Promise.all([mine, theirs]);
    const delivered = (): number =>
      node.engine.health().counters.delivered + other.engine.health().counters.delivered;
    await node.events.until(() => node.sender.requests.length >= 10_000, PATIENCE);
    await Promise.all([node.stop(), other.stop()]);
    expect(delivered()).toBe(10_000);
    const counts = [...node.sender.countsByMessage().values()];
    expect(counts).toHaveLength(10_000);
    expect(new Set(counts)).toEqual(new Set([1]));
    expect(other.engine.health().counters.delivered).toBeGreaterThan(0);
    expect(node.engine.health().counters.delivered).toBeGreaterThan(0);
  }, 60_000);
});

test("deliveries begin once all who published with the same commit were answered", async () => {
  await createEndpoint(node.storage, tenant);
  await node.start();
  const publishOne = () => node.engine.publish(publishRequest(tenant));
  await publishOne();
  // From here on the endpoint is known, and nothing has to be read first.
  await node.sender.nth(1);
  await Promise.all([publishOne(), publishOne(), publishOne()]);
  expect(node.sender.requests).toHaveLength(1);
  await node.sender.nth(4);
});

describe("memory", () => {
  test("holds at most 20,000 deliveries; the others wait in the database and all arrive", async () => {
    let open = false;
    node.sender.answer = () => (open ? answer() : node.sender.hang());
    const types = numbered(50);
    await endpointsFor(types);
    await node.start();
    await publish(500, types);
    const { queued, inFlight } = node.engine.health();
    expect(queued).toBeLessThanOrEqual(20_000);
    expect(queued + inFlight).toBeGreaterThan(15_000);
    expect(await countRows("delivery")).toBe(25_000);
    open = true;
    node.sender.release();
    await expectExactlyOnce(25_000);
  }, 60_000);

  test("holds at most 32 MiB of payloads, however large each is", async () => {
    let open = false;
    node.sender.answer = () => (open ? answer() : node.sender.hang());
    const endpoints = await endpointsFor(numbered(12));
    for (const endpoint of endpoints) await backlog(endpoint, 20, randomBytes(MIB));
    const loads: number[] = [];
    node.storage.before = (name, [applicationIds]) => {
      if (name === "load-payloads" && Array.isArray(applicationIds)) {
        loads.push(applicationIds.length);
      }
    };
    await node.start();
    await node.events.until(() => node.sender.hanging === 12);
    await node.sweep();
    await node.sweep();
    // Not even for a moment: of the 192 rows of the first claim only what has room is read.
    expect(loads.length).toBeGreaterThan(0);
    expect(Math.max(...loads)).toBeLessThanOrEqual(33);
    // One in flight for each endpoint; the others of the 240 are bounded.
    expect(node.engine.health().queued).toBeLessThanOrEqual(33);
    expect(node.engine.health().queued).toBeGreaterThan(8);
    open = true;
    node.sender.release();
    await expectExactlyOnce(240);
    for (const { body } of node.sender.requests) expect(body).toHaveLength(MIB);
  }, 60_000);
});

describe("fairness", () => {
  test("10,000 waiting for one endpoint do not delay another's single message", async () => {
    const [busy, quiet] = await endpointsFor(["busy", "quiet"]);
    if (busy === undefined || quiet === undefined) throw new Error("Two were made.");
    await backlog(busy, 10_000, Buffer.from("{}"));
    let toBusy = 0;
    let before = -1;
    node.sender.answer = ({ url }) => {
      if (url === busy.url) toBusy += 1;
      else before = toBusy;
      return answer();
    };
    await node.start();
    await node.events.until(() => toBusy > 100);
    const startedAfter = toBusy;
    await publish(1, ["quiet"]);
    await node.events.until(() => before >= 0);
    // Its commit takes a moment; of the thousands still waiting most come after it.
    expect(before).toBeLessThan(9_000);
    expect(startedAfter).toBeLessThan(9_000);
    await expectExactlyOnce(10_001);
  }, 60_000);

  test("in memory, lanes take turns: one of each before a second of any", async () => {
    const types = numbered(10);
    const endpoints = await endpointsFor(types);
    node.sender.answer = node.sender.hang;
    for (const endpoint of endpoints) await backlog(endpoint, 5, Buffer.from("{}"));
    await node.start();
    await node.sender.nth(10);
    const urls = node.sender.requests.map(({ url }) => url);
    expect(new Set(urls.slice(0, 10)).size).toBe(10);
    expect(urls).toHaveLength(10);
  });

  test("endpoints that hang hold one attempt each and delay nobody else", async () => {
    const types = numbered(100);
    const endpoints = await endpointsFor(types);
    const dead = new Set(endpoints.slice(0, 90).map(({ url }) => url));
    node.sender.answer = ({ url }) => (dead.has(url) ? node.sender.hang() : answer());
    await node.start();
    await publish(20, types);
    await node.events.until(() => node.engine.health().counters.delivered >= 200, PATIENCE);
    expect(node.sender.hanging).toBe(90);
    expect(node.engine.health().inFlight).toBe(90);
    expect(await countRows("delivery")).toBe(1_800);
  });

  test("an endpoint that bears it gets many attempts at once, and one after failures", async () => {
    const [endpoint] = await endpointsFor(["one"]);
    if (endpoint === undefined) throw new Error("One was made.");
    let underWay = 0;
    /** Attempts under way at the start of each, itself included. */
    const atOnce: number[] = [];
    let failing = false;
    node.sender.answer = async () => {
      underWay += 1;
      atOnce.push(underWay);
      const result = await answerAfter(20, answer(failing ? 500 : 200));
      underWay -= 1;
      return result;
    };
    await backlog(endpoint, 1_000, Buffer.from("{}"));
    await node.start();
    await node.events.until(() => node.engine.health().counters.delivered >= 1_000, PATIENCE);
    expect(Math.max(...atOnce)).toBe(64);
    failing = true;
    await publish(200, ["one"]);
    await node.events.until(() => node.engine.health().counters.failed >= 200, PATIENCE);
    expect(atOnce).toHaveLength(1_200);
    expect(new Set(atOnce.slice(-100))).toEqual(new Set([1]));
  });
});
