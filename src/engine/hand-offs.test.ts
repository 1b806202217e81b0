/** What was committed is attempted at once, unless its bucket was somebody else's meanwhile. */
import { setImmediate as immediate } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { createEndpoint, createTenant, publishRequest, sql } from "../../test/support/factories.ts";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { sends, TestNode } from "../../test/support/test-node.ts";

let database: TestDatabase;
let nodes: TestNode[];
/** Answers what is held back. */
let answer: () => void;

beforeEach(async () => {
  database = await createTestDatabase();
  nodes = [];
});

afterEach(async () => {
  answer();
  for (const node of nodes) await node.stop();
  await database.drop();
});

async function startNode(
  changes: Partial<ConstructorParameters<typeof TestNode>[0]> = {},
): Promise<TestNode> {
  const node = new TestNode({ url: database.url, ...changes });
  nodes.push(node);
  return node.start();
}

/** Resolves when messages for one endpoint are committed together; the answer of their commit is held back. */
async function publishUnanswered(
  node: TestNode,
  count = 1,
): Promise<{ accepted: Promise<unknown> }> {
  const tenant = await createTenant(node.storage);
  await createEndpoint(node.storage, tenant);
  const committed = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  answer = held.resolve;
  node.storage.after = async (name) => {
    if (name !== "insert-messages") return;
    committed.resolve();
    await held.promise;
  };
  const published = Array.from({ length: count }, () =>
    node.engine.publish(publishRequest(tenant)),
  );
  const accepted = Promise.all(published);
  await committed.promise;
  return { accepted };
}

/** Resolves when the held answer is all that is under way, for many turns; a claim is followed by the next at once. */
async function atRest({ storage }: TestNode): Promise<void> {
  const deadline = AbortSignal.timeout(15_000);
  for (let quiet = 0; !deadline.aborted;) {
    await immediate();
    quiet = storage.underWay > 1 ? 0 : quiet + 1;
    if (quiet === 20) return;
  }
  throw new Error("There is always a statement under way.");
}

test("what another node delivered before the commit was answered is not sent again", async () => {
  const nodeClock = createManualClock();
  const first = await startNode({ nodeClock });
  const { accepted } = await publishUnanswered(first);

  // Its lease runs out; the bucket goes to another node and comes back.
  await sql(first.storage, "UPDATE node SET expires_at = now() - interval '1 second'");
  const second = await startNode();
  await second.events.until(() => second.sender.requests.length === 1);
  await second.events.until(() => second.isDone());
  await second.stop();
  const before = first.node.nodeId;
  nodeClock.advance(1_000);
  await first.events.until(() => first.node.nodeId !== before && first.node.owned.delivery > 0);

  answer();
  expect(await accepted).toMatchObject([{ kind: "accepted" }]);
  await first.sweep();
  expect([...sends(first, second).values()]).toEqual([1]);
  expect(await first.isDone()).toBe(true);
});

test("what nobody delivered while the bucket was gone is read from the database", async () => {
  const nodeClock = createManualClock();
  const first = await startNode({ nodeClock });
  const { accepted } = await publishUnanswered(first);
  const before = first.node.nodeId;
  await first.killSession();
  await first.events.until(() => !first.node.healthy);
  nodeClock.advance(1_000);
  await first.events.until(() => first.node.nodeId !== before && first.node.owned.delivery > 0);
  await first.sweep();
  expect(first.sender.requests, "the commit's hand-off brings it").toHaveLength(0);

  answer();
  await accepted;
  await first.sender.nth(1);
  await first.events.until(() => first.isDone());
});

test("more than a claim reads is not claimed again and again until it is handed off", async () => {
  const ROWS = 500;
  const node = await startNode();
  const { accepted } = await publishUnanswered(node, ROWS);
  await node.sweep();
  await node.events.until(() => node.seen.claimed > 0);
  await atRest(node);
  expect(node.sender.requests).toHaveLength(0);

  answer();
  await accepted;
  await node.sender.nth(ROWS);
  await node.events.until(() => node.isDone());
  expect([...node.sender.countsByMessage().values()]).toEqual(
    Array.from({ length: ROWS }, () => 1),
  );
});
