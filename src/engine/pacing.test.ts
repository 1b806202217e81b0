/** What one endpoint is given over time: throttled, probed while dead, ramped up when it is back. */
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
import { answer } from "../../test/support/fake-sender.ts";
import { createManualClock, type ManualClock } from "../../test/support/manual-clock.ts";
import { SimulatedTime } from "../../test/support/simulated-time.ts";
import { TestNode } from "../../test/support/test-node.ts";

const MINUTE = 60_000;
/** Deliveries of many that were published at once wait so long for the next commit (`commit-rhythm.ts`). */
const HELD_BACK_MS = 4;
const HOUR = 60 * MINUTE;

let database: TestDatabase;
let clock: ManualClock;
let node: TestNode;
let time: SimulatedTime;
let tenant: Tenant;
/** When each request was sent. */
let sentAt: number[];
let status: number;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database.drop());

beforeEach(async () => {
  clock = createManualClock();
  node = new TestNode({ url: database.url, clock, retryScheduleMs: [5_000, 5 * MINUTE, 2 * HOUR] });
  await sql(node.storage, "TRUNCATE delivery, attempt, message, endpoint, endpoint_secret");
  tenant = await createTenant(node.storage);
  time = new SimulatedTime(clock, node);
  sentAt = [];
  status = 200;
  node.sender.answer = () => {
    sentAt.push(clock.monotonic());
    return answer(status);
  };
  await node.start();
});

afterEach(() => node.stop());

async function publish(count: number): Promise<string[]> {
  const request = publishRequest(tenant);
  const outcomes = Array.from({ length: count }, () => node.engine.publish(request));
  return (await Promise.all(outcomes)).map((outcome) => {
    if (outcome.kind !== "accepted") throw new Error(`It was ${outcome.kind}.`);
    return outcome.messageId;
  });
}

/** Requests in each second from `from` on. */
function perSecond(from: number): number[] {
  const counts = Array.from({ length: Math.ceil((clock.monotonic() - from) / 1_000) }, () => 0);
  for (const at of sentAt) {
    const second = Math.floor((at - from) / 1_000);
    if (second >= 0) counts[second] = (counts[second] ?? 0) + 1;
  }
  return counts;
}

/** Deliveries still owed, or only those of them that are due. */
async function owed(dueOnly = false): Promise<number> {
  const [row] = await sql<{ n: number }>(
    node.storage,
    "SELECT count(*)::int AS n FROM delivery WHERE due_at <= to_timestamp($1::float8 / 1000)",
    [dueOnly ? clock.now() : clock.now() + 24 * HOUR],
  );
  return row?.n ?? -1;
}

/** `count` deliveries that became due during the last hour. */
async function backlog(endpoint: TestEndpoint, count: number): Promise<void> {
  await sql(
    node.storage,
    `WITH made AS (
       INSERT INTO message (application_id, message_id, event_type, payload)
       SELECT $1, 'msg_' || $2 || lpad(n::text, 9, '0'), 'backlog', '{}'
       FROM generate_series(1, $4) n RETURNING message_id
     )
     INSERT INTO delivery (application_id, endpoint_id, message_id, bucket, due_at)
     SELECT $1, $2, message_id, $3, to_timestamp($5::float8 / 1000) - random() * interval '1 hour'
     FROM made`,
    [endpoint.applicationId, endpoint.endpointId, endpoint.bucket, count, clock.now()],
  );
}

describe("throttleRate", () => {
  test("10 a second: so many while more wait, never more, none counted as failed, all delivered", async () => {
    await createEndpoint(node.storage, tenant);
    await sql(node.storage, "UPDATE endpoint SET throttle_rate = 10");
    await publish(150);
    await time.run(HELD_BACK_MS, HELD_BACK_MS);
    expect(node.engine.health().waiting.throttled).toBe(1);
    await time.run(14_000, 10);
    const counts = perSecond(HELD_BACK_MS);
    expect(Math.max(...counts)).toBe(10);
    // Evenly spaced a hundredth wider than a tenth of a second, so that none ever sees eleven.
    expect(counts.filter((count) => count < 10)).toEqual([9]);
    await time.run(2_000, 10);
    expect(node.engine.health()).toMatchObject({
      counters: { delivered: 150, failed: 0 },
      waiting: { throttled: 0 },
    });
  });

  test("manual resends count too", async () => {
    const endpoint = await createEndpoint(node.storage, tenant);
    const ids = await publish(30);
    await time.run(2_000, 100);
    expect(sentAt).toHaveLength(30);
    await sql(node.storage, "UPDATE endpoint SET throttle_rate = 5, revision = revision + 1");
    node.engine.endpointChanged(endpoint.endpointId);
    const from = clock.monotonic();
    for (const messageId of ids) await node.engine.resend({ ...endpoint, messageId });
    await time.run(3_000, 10);
    expect(perSecond(from)).toEqual([5, 5, 5]);
    await time.run(4_000, 10);
    expect(node.engine.health().counters.delivered).toBe(60);
  });

  test("of the application: over all its endpoints together, and from the change on", async () => {
    for (let n = 0; n < 5; n += 1) await createEndpoint(node.storage, tenant);
    await sql(node.storage, "UPDATE application SET throttle_rate = 10 WHERE application_id = $1", [
      tenant.applicationId,
    ]);
    await publish(20);
    await time.run(5_000, 10);
    expect(perSecond(0)).toEqual([10, 10, 10, 10, 10]);
    expect(node.engine.health().waiting.application_throttled).toBeGreaterThan(0);
    const changed = clock.monotonic();
    await sql(node.storage, "UPDATE application SET throttle_rate = NULL");
    node.engine.notified("amps_endpoint", tenant.applicationId);
    await time.run(1_000, 10);
    expect(perSecond(changed)).toEqual([50]);
  });
});

describe("an endpoint that is dead", () => {
  test("a few messages keep their schedule to the moment, however often they fail", async () => {
    await createEndpoint(node.storage, tenant);
    status = 500;
    await publish(8);
    await time.run(6 * MINUTE, 1_000);
    const [first, second] = [5_000, 5_000 + 5 * MINUTE];
    expect(sentAt.filter((at) => at < first)).toHaveLength(8);
    expect(sentAt.filter((at) => at >= first && at < first + 2_000)).toHaveLength(8);
    expect(sentAt.filter((at) => at >= second && at < second + 4_000)).toHaveLength(8);
    expect(node.engine.health()).toMatchObject({
      counters: { failed: 24 },
      waiting: { breaker_open: 0 },
    });
  });

  test("while it only fails, ten attempts a second are made; what waits is sent once one succeeds", async () => {
    const endpoint = await createEndpoint(node.storage, tenant);
    status = 500;
    await publish(400);
    await time.run(4_000, 10);
    // 30 at once, then ten a second.
    expect(sentAt.length).toBeGreaterThan(60);
    expect(sentAt.length).toBeLessThan(85);
    expect(node.engine.waiting(endpoint.endpointId)?.because).toBe("failing");
    expect(node.engine.health().waiting).toMatchObject({ failing: 1, breaker_open: 0 });
    status = 200;
    await time.run(10_000, 10);
    expect(await owed()).toBe(0);
    expect(node.engine.health().waiting.failing).toBe(0);
  });

  test("is only probed until it answers; nothing is used up, nothing is lost", async () => {
    const endpoint = await createEndpoint(node.storage, tenant);
    status = 500;
    await time.run(2 * MINUTE, 1_000, async () => void (await publish(2)));
    expect(node.engine.health().waiting.breaker_open).toBe(1);
    expect(node.engine.waiting(endpoint.endpointId)?.because).toBe("breaker_open");
    const from = sentAt.length;
    await time.run(30 * MINUTE, 1_000);
    // 240 messages of which each had attempts left; every 8 to 12 seconds one was made.
    expect(sentAt.length - from).toBeGreaterThan(140);
    expect(sentAt.length - from).toBeLessThan(230);
    expect(node.engine.health().queued).toBeLessThanOrEqual(1);
    expect(await owed()).toBe(240);
    status = 200;
    await time.run(MINUTE, 100);
    expect(await owed(true)).toBe(0);
    expect(node.engine.health().waiting.breaker_open).toBe(0);
    await time.run(2 * HOUR, 5_000);
    expect(await owed()).toBe(0);
    expect(node.engine.health().counters).toMatchObject({ delivered: 240, exhausted: 0 });
  }, 120_000);

  test("is probed at once when it is changed, and when somebody resends", async () => {
    const endpoint = await createEndpoint(node.storage, tenant);
    status = 500;
    const [messageId = ""] = await publish(1);
    await time.run(2 * MINUTE, 1_000, async () => void (await publish(2)));
    await time.run(2 * MINUTE, 1_000);
    for (const hint of [
      async () => node.engine.endpointChanged(endpoint.endpointId),
      () => node.engine.resend({ ...endpoint, messageId }),
    ]) {
      const probes = sentAt.length;
      while (sentAt.length === probes) await time.run(100, 100);
      const before = sentAt.length;
      await hint();
      await time.quiet();
      expect(sentAt.length).toBe(before + 1);
    }
  }, 60_000);
});

describe("a receiver that comes back", () => {
  test("E40: after an hour, with thousands waiting, is offered twice what it bears at most", async () => {
    const STEADY = 20;
    const WAITING = 10_000;
    const endpoint = await createEndpoint(node.storage, tenant);
    await time.run(70_000, 1_000, async () => void (await publish(STEADY)));
    status = 503;
    await time.run(100_000, 1_000, async () => void (await publish(STEADY)));
    await backlog(endpoint, WAITING);
    const deadFrom = sentAt.length;
    await time.run(HOUR, 10_000);
    expect(sentAt.length - deadFrom).toBeLessThan(370);

    status = 200;
    const back = clock.monotonic();
    let left = Infinity;
    while (left > 0) {
      await time.run(10_000, 50);
      left = await owed();
    }
    const counts = perSecond(back).slice(10);
    while (counts.at(-1) === 0) counts.pop();
    // The best rate held for half a minute before each second: before the outage, or since.
    let steady = STEADY;
    const held = (end: number): number =>
      counts.slice(end - 30, end).reduce((sum, count) => sum + count, 0) / 30;
    for (const [second, count] of counts.entries()) {
      if (second >= 30) steady = Math.max(steady, held(second));
      expect(count, `second ${second} of ${counts.join(" ")}`).toBeLessThanOrEqual(2 * steady + 1);
    }
    // No oscillation: never less than before until the last of it.
    const tens = Array.from({ length: Math.floor(counts.length / 10) }, (_, n) =>
      counts.slice(n * 10, n * 10 + 10).reduce((sum, count) => sum + count, 0),
    );
    for (const [index, count] of tens.slice(1, -1).entries()) {
      expect(count, tens.join(" ")).toBeGreaterThanOrEqual((tens[index] ?? 0) * 0.95);
    }
    expect(counts.length).toBeLessThan(400);
    expect(node.engine.health().counters.exhausted).toBe(0);
  }, 180_000);

  test("has its ramp behind it once nothing is left, however late that is found out", async () => {
    const { endpointId } = await createEndpoint(node.storage, tenant);
    status = 500;
    await publish(1);
    await time.run(HOUR, 10_000);
    const claim = Promise.withResolvers<void>();
    node.storage.before = async (name) => {
      if (name === "claim-due-deliveries") await claim.promise;
    };
    node.sender.answer = node.sender.hang;
    await publish(1);
    await node.events.until(() => node.sender.hanging === 1);
    // A claim is under way when the success is learned; it will find nothing.
    node.engine.endpointChanged(endpointId);
    node.sender.release();
    await node.events.until(() => node.engine.health().counters.delivered === 1);
    claim.resolve();
    await time.quiet();
    node.sender.answer = () => answer();
    const { length } = node.sender.requests;
    await publish(100);
    clock.advance(HELD_BACK_MS);
    await node.sender.nth(length + 100);
  });
});
