/** Nobody waits for a stranger: dead, slow and noisy ones hold their own deliveries only. */
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
  await sql(node.storage, "TRUNCATE delivery, attempt, message, endpoint, endpoint_secret");
  tenant = await createTenant(node.storage);
});

afterEach(async () => {
  node.sender.release();
  await node.stop();
});

async function endpoints(count: number, eventType: string): Promise<TestEndpoint[]> {
  const made: TestEndpoint[] = [];
  const maker = async (): Promise<void> => {
    while (made.length < count) {
      const pending = createEndpoint(node.storage, tenant, { eventTypes: [eventType] });
      // Its place is taken before it is made, so that the makers together make no more.
      const place = made.push({ ...tenant, endpointId: "", bucket: 0, url: "", secret: "" }) - 1;
      made[place] = await pending;
    }
  };
  await Promise.all(Array.from({ length: 5 }, maker));
  return made;
}

async function publish(count: number, eventType: string, by = tenant): Promise<void> {
  const request = publishRequest(by, { eventType });
  const outcomes = Array.from({ length: count }, () => node.engine.publish(request));
  for (const { kind } of await Promise.all(outcomes)) expect(kind).toBe("accepted");
}

const delivered = (): number => node.engine.health().counters.delivered;

describe("endpoints that hang", () => {
  test("E38: 900 of 1,000, which had shown to bear much: the others get everything at once", async () => {
    await endpoints(900, "dead");
    await endpoints(100, "healthy");
    let hanging = false;
    node.sender.answer = (request) => {
      if (hanging && request.headers["amps-event-type"] === "dead") return node.sender.hang();
      return answerAfter(20);
    };
    await node.start();
    // As much for each as makes it bear several at once.
    await publish(12, "dead");
    await node.events.until(() => delivered() >= 10_800, PATIENCE);
    hanging = true;
    await publish(20, "dead");
    await publish(20, "healthy");
    await node.events.until(() => delivered() >= 12_800, {
      ...PATIENCE,
      describe: () => JSON.stringify(node.engine.health()),
    });
    // More than one slot each, so it was not their concurrency alone that left room.
    expect(node.sender.hanging).toBeGreaterThan(1_800);
    expect(node.sender.hanging).toBeLessThan(4_096 - 256);
  }, 120_000);

  test("25,000 waiting for a tenant whose receivers hang: another's event goes out at once", async () => {
    const stranger = await createTenant(node.storage);
    await endpoints(50, "hang");
    await createEndpoint(node.storage, stranger);
    node.sender.answer = (request) =>
      request.headers["amps-event-type"] === "hang" ? node.sender.hang() : answer();
    await node.start();
    await publish(500, "hang");
    expect(node.engine.health().queued).toBeGreaterThan(14_000);
    expect(node.engine.health().queued).toBeLessThan(18_000);
    await publish(1, "push.completed", stranger);
    await node.events.until(() => delivered() === 1, PATIENCE);
  }, 120_000);
});

describe("a tenant's burst", () => {
  test("of 10,000 deliveries to 1,000 endpoints does not delay another's single event", async () => {
    const stranger = await createTenant(node.storage);
    await endpoints(1_000, "burst");
    await createEndpoint(node.storage, stranger);
    let burst = 0;
    let burstWhenSent = -1;
    node.sender.answer = (request) => {
      if (request.headers["amps-event-type"] === "burst") burst += 1;
      else burstWhenSent = burst;
      return answerAfter(3);
    };
    await node.start();
    // Endpoints are read once; that is not what this is about.
    await publish(1, "burst");
    await publish(1, "push.completed", stranger);
    await node.events.until(() => delivered() === 1_001, PATIENCE);
    burst = 0;
    burstWhenSent = -1;
    const bursting = publish(10, "burst");
    await node.events.until(() => burst >= 1, PATIENCE);
    await publish(1, "push.completed", stranger);
    const burstWhenAccepted = burst;
    await node.events.until(() => burstWhenSent >= 0, PATIENCE);
    // One turn of starts may lie between, not one of each of a thousand endpoints.
    expect(burstWhenSent - burstWhenAccepted).toBeLessThan(200);
    expect(burstWhenSent).toBeLessThan(9_000);
    await bursting;
    await node.events.until(() => delivered() === 11_002, PATIENCE);
  }, 120_000);
});
