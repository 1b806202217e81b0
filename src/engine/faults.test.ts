/**
 * Nothing accepted is lost, whatever fails: the experiments E02, E03, E04, E05 and E09 of the
 * reliability goals, inside one process.
 */
import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import {
  createEndpoint,
  createTenant,
  publishRequest,
  sql,
  type Tenant,
} from "../../test/support/factories.ts";
import { answer, answerAfter, REFUSED } from "../../test/support/fake-sender.ts";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { type FaultyStorage, openStorage, sends, TestNode } from "../../test/support/test-node.ts";
import { LEASE_MS } from "./ownership.ts";

const PATIENCE = { timeoutMs: 60_000 };

let database: TestDatabase;
/** Looks at the database without the faults. */
let storage: FaultyStorage;
let tenant: Tenant;
let nodes: TestNode[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  storage = openStorage(database.url, { applicationName: "spectator" });
});

afterAll(async () => {
  await storage.close();
  await database.drop();
});

beforeEach(async () => {
  await sql(storage, "TRUNCATE delivery, attempt, message, endpoint, endpoint_secret, node");
  await sql(storage, "UPDATE bucket_lease SET node_id = NULL");
  tenant = await createTenant(storage);
});

afterEach(async () => {
  for (const node of nodes) {
    node.sender.release();
    await node.stop();
  }
  nodes = [];
});

function makeNode(changes: Partial<ConstructorParameters<typeof TestNode>[0]> = {}): TestNode {
  const node = new TestNode({ url: database.url, retryScheduleMs: [20, 20, 20], ...changes });
  nodes.push(node);
  return node;
}

async function publish(node: TestNode, eventType: string): Promise<string> {
  const outcome = await node.engine.publish(publishRequest(tenant, { eventType }));
  if (outcome.kind !== "accepted") throw new Error(`It was ${outcome.kind}.`);
  return outcome.messageId;
}

async function publishMany(node: TestNode, count: number, types: number): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, (_, n) => publish(node, `type.${n % types}`)));
}

/** Each in a bucket of its own: one that was given up waits for what hangs in it. */
async function endpointsFor(types: number): Promise<void> {
  for (let n = 0; n < types; n += 1) {
    await createEndpoint(storage, tenant, { eventTypes: [`type.${n}`], bucket: 3 * n });
  }
}

const countRows = async (from: string): Promise<number> => {
  const [row] = await sql<{ n: number }>(storage, `SELECT count(*)::int AS n FROM ${from}`);
  return row?.n ?? -1;
};

const drained = (node: TestNode): Promise<void> =>
  node.events.until(() => node.isDone(storage), {
    ...PATIENCE,
    describe: () => `an empty queue; ${JSON.stringify(node.engine.health())}`,
  });

describe("E02: a process dies between the receiver's 2xx and our commit", () => {
  test("one more attempt is made, with the same id", async () => {
    await endpointsFor(1);
    const first = await makeNode().start();
    const reached = Promise.withResolvers<void>();
    first.storage.before = (name) => {
      if (name !== "record-attempts") return;
      reached.resolve();
      throw new Error("The process died.");
    };
    const messageId = await publish(first, "type.0");
    await reached.promise;
    await first.die();
    const second = await makeNode().start();
    await drained(second);
    expect(sends(first, second)).toEqual(new Map([[messageId, 2]]));
    const text = "SELECT message_id, succeeded FROM attempt";
    expect(await sql(storage, text)).toEqual([{ message_id: messageId, succeeded: true }]);
  });
});

describe("E05: a process dies with deliveries queued, in flight and unrecorded", () => {
  test("the next one delivers them all, and repeats only what was in flight", async () => {
    await endpointsFor(10);
    const first = await makeNode().start();
    let open = 300;
    first.sender.answer = () => (open-- > 0 ? answer() : first.sender.hang());
    const accepted = await publishMany(first, 1_000, 10);
    await first.events.until(() => first.sender.hanging > 10);
    await first.die();
    const recorded = await countRows("attempt");
    const second = await makeNode().start();
    await drained(second);
    const counts = sends(first, second);
    expect([...counts.keys()].toSorted()).toEqual(accepted.toSorted());
    const repeated = [...counts.values()].filter((count) => count === 2).length;
    expect(Math.max(...counts.values())).toBe(2);
    // What it had sent and not on record, and nothing else.
    expect(repeated).toBe(first.sender.requests.length - recorded);
    expect(second.sender.requests).toHaveLength(1_000 - recorded);
    expect(await countRows("attempt WHERE succeeded")).toBe(1_000);
    // A dead process's results come to nothing.
    first.sender.release();
    expect(await countRows("attempt")).toBe(1_000);
  });
});

describe("E03: the process dies at the n-th call of the database", () => {
  /** Three messages, one of which fails at first; publishing goes on although one is refused. */
  async function scenario(node: TestNode): Promise<string[]> {
    const failedOnce = new Set<string>();
    node.sender.answer = ({ headers }) => {
      const id = headers["svix-id"] ?? "";
      if (headers["amps-event-type"] !== "type.1" || failedOnce.has(id)) return answer();
      failedOnce.add(id);
      return REFUSED;
    };
    const outcomes = await Promise.allSettled([
      publish(node, "type.0"),
      publish(node, "type.1"),
      publish(node, "type.2"),
    ]);
    return outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  }

  test.each(["before", "after"] as const)(
    "right %s it, for every n: what was accepted arrives",
    async (moment) => {
      await endpointsFor(3);
      let n = 0;
      for (let reached = true; reached;) {
        n += 1;
        await sql(storage, "TRUNCATE delivery, attempt, message");
        const first = await makeNode().start();
        let calls = 0;
        const dead = Promise.withResolvers<void>();
        first.storage[moment] = () => {
          calls += 1;
          if (calls < n) return;
          dead.resolve();
          // Whatever comes after the n-th call finds the database gone as well.
          throw new Error(`The process died at call ${n}.`);
        };
        const accepted = await scenario(first);
        const finished = drained(first).then(() => first.engine.health());
        await Promise.race([dead.promise, finished.catch(() => undefined)]);
        reached = calls >= n;
        finished.catch(() => undefined);
        await first.die();
        const second = await makeNode().start();
        await drained(second);
        const counts = sends(first, second);
        for (const id of accepted) expect([...counts.keys()], `n = ${n}`).toContain(id);
        // type.1 is sent twice without any fault; a crash may repeat each one more time.
        for (const count of counts.values()) expect(count, `n = ${n}`).toBeLessThanOrEqual(4);
        const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
        if (!reached) expect(total).toBe(4);
        const delivered = await countRows("attempt WHERE succeeded");
        expect(delivered, `n = ${n}`).toBe(await countRows("message"));
        await second.stop();
      }
      expect(n).toBeGreaterThan(6);
    },
    120_000,
  );
});

describe("E03: the n-th call of the database fails, and the process lives on", () => {
  test.each(["before", "after"] as const)(
    "right %s it, for every n: each message is delivered once",
    async (moment) => {
      await endpointsFor(3);
      const node = await makeNode().start();
      let n = 0;
      for (let reached = true; reached;) {
        n += 1;
        await sql(storage, "TRUNCATE delivery, attempt, message");
        let calls = 0;
        node.storage[moment] = () => {
          calls += 1;
          if (calls === n) throw new Error(`Call ${n} failed.`);
        };
        const from = node.sender.requests.length;
        const outcomes = await Promise.allSettled(
          [0, 1, 2].map((type) => publish(node, `type.${type}`)),
        );
        await drained(node);
        reached = calls >= n;
        const ids = node.sender.requests.slice(from).map(({ headers }) => headers["svix-id"]);
        expect(new Set(ids).size, `n = ${n}`).toBe(ids.length);
        for (const outcome of outcomes) {
          if (outcome.status === "fulfilled") expect(ids, `n = ${n}`).toContain(outcome.value);
        }
        expect(await countRows("attempt"), `n = ${n}`).toBe(ids.length);
      }
      expect(n).toBeGreaterThan(2);
    },
    120_000,
  );
});

test("an endpoint that could not be read strands nothing that is queued behind it", async () => {
  await endpointsFor(1);
  const node = makeNode();
  let failures = 0;
  node.storage.before = (name) => {
    if (name !== "load-targets" || failures === 3) return;
    failures += 1;
    throw new Error("The connection was lost.");
  };
  await node.start();
  const accepted = await publishMany(node, 50, 1);
  await drained(node);
  expect(failures).toBe(3);
  expect([...sends(node).keys()].toSorted()).toEqual(accepted.toSorted());
  expect(node.sender.requests).toHaveLength(50);
});

describe("E04: a node that was paused past its lease", () => {
  test("sends nothing when it wakes, and its late results change nothing", async () => {
    await endpointsFor(4);
    const nodeClock = createManualClock();
    const paused = await makeNode({ nodeClock }).start();
    paused.sender.answer = paused.sender.hang;
    const accepted = await publishMany(paused, 40, 4);
    await paused.events.until(() => paused.sender.hanging === 4);
    // Its session still stands, as that of a stopped process does.
    await sql(storage, "UPDATE node SET expires_at = now() - interval '1 second'");
    const heir = await makeNode().start();
    await drained(heir);
    expect([...heir.sender.countsByMessage().keys()].toSorted()).toEqual(accepted.toSorted());
    const before = await sql(storage, "SELECT * FROM attempt ORDER BY attempt_id");

    // It wakes: no timer has run yet, but the time has passed.
    const { monotonic } = nodeClock;
    nodeClock.monotonic = () => monotonic() + LEASE_MS;
    paused.sender.release();
    await paused.events.until(() => paused.seen.settled >= 40);
    expect(paused.sender.requests).toHaveLength(4);
    expect(await sql(storage, "SELECT * FROM attempt ORDER BY attempt_id")).toEqual(before);
    expect(paused.engine.health().counters.attempted).toBe(0);

    // Its next tick finds it buried, and it joins again under another name.
    nodeClock.advance(1_000);
    await paused.events.until(() => paused.node.healthy);
    expect(await countRows("node")).toBe(2);
  });
});

describe("E09: connections to the database are killed", () => {
  const KILL = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = $1`;

  test("while results are stored: each is stored once, and nothing is sent twice", async () => {
    await endpointsFor(10);
    const node = await makeNode().start();
    // A kill takes a moment, in which a fast machine would be done: so many are answered by then.
    let answered = 0;
    node.sender.answer = (_, n) =>
      node.events.until(() => n <= answered, PATIENCE).then(() => answerAfter(n % 20));
    const accepted = await publishMany(node, 2_000, 10);
    for (answered = 200; answered <= 2_000; answered += 200) {
      node.events.signal();
      const { counters } = node.engine.health();
      await node.events.until(() => counters.delivered >= answered - 100, PATIENCE);
      await sql(storage, KILL, ["amps"]);
    }
    await drained(node);
    expect(sends(node)).toEqual(new Map(accepted.map((messageId) => [messageId, 1])));
    expect(await countRows("attempt")).toBe(2_000);
  });

  test("while messages are published: what was not accepted may be published again by its key", async () => {
    await endpointsFor(5);
    const node = await makeNode().start();
    let failures = 0;
    const publishSafely = async (n: number): Promise<string> => {
      const idempotency = { keyHash: randomBytes(32), requestHash: randomBytes(32) };
      const request = publishRequest(tenant, { eventType: `type.${n % 5}`, idempotency });
      for (;;) {
        try {
          const outcome = await node.engine.publish(request);
          if (outcome.kind === "accepted" || outcome.kind === "replayed") return outcome.messageId;
          throw new Error(`It was ${outcome.kind}.`);
        } catch (error) {
          if (!(error instanceof Error) || error.message.startsWith("It was")) throw error;
          failures += 1;
        }
      }
    };
    const answered: string[] = [];
    let n = 0;
    const publisher = async (): Promise<void> => {
      while (n < 3_000) answered.push(await publishSafely(n++));
    };
    const publishing = Promise.all(Array.from({ length: 20 }, publisher));
    for (let kills = 1; kills <= 10; kills += 1) {
      await node.events.until(() => answered.length >= kills * 200, PATIENCE);
      await sql(storage, KILL, ["amps"]);
    }
    await publishing;
    await drained(node);
    expect(failures).toBeGreaterThan(0);
    expect(answered).toHaveLength(3_000);
    const counts = sends(node);
    expect([...counts.keys()].toSorted()).toEqual(answered.toSorted());
    expect(Math.max(...counts.values())).toBe(1);
  });

  test("the node's own session: it joins again, and nothing is sent twice or lost", async () => {
    await endpointsFor(10);
    const node = await makeNode().start();
    node.sender.answer = (_, n) => (n === 1 ? node.sender.hang() : answerAfter(n % 20));
    const accepted = await publishMany(node, 1_000, 10);
    for (let kills = 0; kills < 3; kills += 1) {
      const { nodeId } = node.node;
      await sql(storage, KILL, ["amps node"]);
      await node.events.until(() => node.node.nodeId !== nodeId && node.node.healthy, PATIENCE);
    }
    await node.events.until(() => node.engine.health().counters.delivered >= 890, PATIENCE);
    node.sender.release();
    await drained(node);
    const counts = sends(node);
    expect([...counts.keys()].toSorted()).toEqual(accepted.toSorted());
    expect(Math.max(...counts.values())).toBe(1);
    expect(await countRows("attempt")).toBe(1_000);
  });
});

describe("two nodes, one of which dies", () => {
  test("the other takes over at once and delivers everything", async () => {
    await endpointsFor(20);
    const one = await makeNode().start();
    const other = await makeNode().start();
    await one.events.until(
      () => one.node.owned.delivery === 32 && other.node.owned.delivery === 32,
    );
    one.sender.answer = one.sender.hang;
    const accepted = await publishMany(one, 400, 20);
    await one.events.until(() => one.sender.hanging > 3);
    const inFlight = one.sender.hanging;
    await one.die();
    await drained(other);
    const counts = sends(one, other);
    expect([...counts.keys()].toSorted()).toEqual(accepted.toSorted());
    expect([...counts.values()].filter((count) => count > 1)).toHaveLength(inFlight);
    expect(await countRows("attempt")).toBe(400);
    expect(await sql(storage, "SELECT node_id FROM node")).toEqual([
      { node_id: other.node.nodeId },
    ]);
  });

  test("a graceful stop repeats nothing", async () => {
    await endpointsFor(20);
    const one = makeNode();
    one.sender.answer = (_, n) => answerAfter(n % 50);
    const accepted = await publishMany(one, 2_000, 20);
    await one.start();
    await one.sender.nth(200);
    await one.stop();
    const sent = one.sender.requests.length;
    expect(await countRows("attempt")).toBe(sent);
    expect(sent).toBeLessThan(2_000);
    const other = await makeNode().start();
    await drained(other);
    const counts = sends(one, other);
    expect([...counts.keys()].toSorted()).toEqual(accepted.toSorted());
    expect(Math.max(...counts.values())).toBe(1);
  });
});
