/** Background tasks: held back while an endpoint is behind, taken up where a dead node left them, ended. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { answer } from "../../test/support/fake-sender.ts";
import {
  changeEndpoint,
  createEndpoint,
  createIds,
  createTenant,
  sql,
  type Tenant,
  type TestEndpoint,
} from "../../test/support/factories.ts";
import { openStorage, TestNode } from "../../test/support/test-node.ts";
import { firstIdAt } from "../core/ids.ts";
import type { Storage } from "../storage/storage.ts";
import { createTask } from "../storage/tasks/create-task.ts";
import { getTask } from "../storage/tasks/get-task.ts";
import type { Task } from "../storage/tasks/task.ts";
import { WAITING_MAX } from "./task-runner.ts";

const MESSAGES = 2_600;
/** What one step may add to what was waiting. */
const STEP = 500;
const HOUR_MS = 3_600_000;
const ids = createIds();
let database: TestDatabase;
let storage: Storage;
let tenant: Tenant;
let endpoint: TestEndpoint;
const nodes: TestNode[] = [];

beforeEach(async () => {
  database = await createTestDatabase();
  storage = openStorage(database.url);
  tenant = await createTenant(storage);
  endpoint = await createEndpoint(storage, tenant);
});
afterEach(async () => {
  for (const node of nodes.splice(0)) {
    node.sender.answer = () => answer(200);
    node.sender.release();
    await node.stop();
  }
  await storage.close();
  await database.drop();
});

async function startNode(): Promise<TestNode> {
  const node = await new TestNode({ url: database.url }).start();
  nodes.push(node);
  return node;
}

/** Messages that the endpoint was never sent, and the task to send them. */
async function replayMissing(count: number): Promise<Task> {
  await sql(
    storage,
    `INSERT INTO message (application_id, message_id, event_type, payload)
     SELECT $1, unnest($2::text[]), 'a', '{}'`,
    [tenant.applicationId, Array.from({ length: count }, () => ids.make("msg_"))],
  );
  return await createTask(storage, {
    environmentId: tenant.environmentId,
    taskId: ids.make("qtask_"),
    kind: "endpoint.replay",
    applicationId: tenant.applicationId,
    endpointId: endpoint.endpointId,
    bucket: endpoint.bucket,
    filter: { statuses: null, statusCodeClass: null, eventTypes: null, channel: null, tag: null },
    startPosition: firstIdAt("msg_", Date.now() - HOUR_MS),
    endPosition: firstIdAt("msg_", Date.now() + HOUR_MS),
  });
}

async function count(table: "attempt" | "delivery"): Promise<number> {
  const [row] = await sql<{ n: number }>(storage, `SELECT count(*)::int AS n FROM ${table}`);
  return row?.n ?? 0;
}

async function until(node: TestNode, task: Task, status: Task["status"]): Promise<Task> {
  let found: Task | undefined;
  await node.events.until(
    async () => {
      found = await getTask(storage, task);
      return found?.status === status;
    },
    { timeoutMs: 60_000, describe: () => `${status}: ${JSON.stringify(found)}` },
  );
  return found ?? task;
}

describe("a replay", () => {
  test("makes no more than the endpoint takes, and another node goes on where one died", async () => {
    const first = await startNode();
    first.sender.answer = first.sender.hang;
    const task = await replayMissing(MESSAGES);
    first.engine.taskCreated();
    await first.events.until(async () => (await count("delivery")) >= WAITING_MAX);
    const { tasks } = first.seen;
    await first.events.until(() => first.seen.tasks >= tasks + 3);
    const waiting = await count("delivery");
    expect(waiting).toBeLessThan(WAITING_MAX + STEP);
    const halfway = await getTask(storage, task);
    expect(halfway).toMatchObject({ status: "running", changed: waiting });
    expect(halfway?.position).not.toBe(task.position);
    await first.die();

    const second = await startNode();
    second.sender.answer = () => answer(200);
    const finished = await until(second, task, "finished");
    expect(finished.changed).toBe(MESSAGES);
    await second.events.until(async () => (await count("delivery")) === 0, { timeoutMs: 60_000 });
    // Every message once, whoever made its delivery.
    expect(await count("attempt")).toBe(MESSAGES);
    expect(second.sender.countsByMessage().size).toBe(MESSAGES);
  });

  test("fails with a reason when its endpoint is disabled meanwhile", async () => {
    const node = await startNode();
    node.sender.answer = node.sender.hang;
    const task = await replayMissing(MESSAGES);
    node.engine.taskCreated();
    await node.events.until(async () => (await count("delivery")) >= WAITING_MAX);
    await changeEndpoint(storage, endpoint, "disabled = true");
    const failed = await until(node, task, "failed");
    expect(failed.failure).toContain("disabled");
    expect(failed.changed).toBeLessThan(MESSAGES);
  });

  test("is taken up although the database fails in the middle of it", async () => {
    const node = await startNode();
    const task = await replayMissing(STEP * 2 + 1);
    let failures = 0;
    // Committed, but its answer is lost: the step must not be taken twice.
    node.storage.after = (name) => {
      if (name !== "replay-missing" || failures >= 2) return;
      failures += 1;
      throw new Error("The answer is lost.");
    };
    node.engine.taskCreated();
    const finished = await until(node, task, "finished");
    expect(failures).toBe(2);
    expect(finished.changed).toBe(STEP * 2 + 1);
    await node.events.until(async () => (await count("delivery")) === 0);
    expect(await count("attempt")).toBe(STEP * 2 + 1);
  });
});
