/** The system as an operator sees it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { PartHealth } from "../../src/api/deps.ts";
import { sql } from "../support/factories.ts";
import { type Answer, World } from "./world.ts";

const well: Record<string, PartHealth> = { node: { status: "ok" } };
let parts = well;
let world: World;
beforeAll(async () => {
  world = await World.open({ nodeId: () => world.node.node.nodeId, health: () => parts });
});
afterAll(() => world.close());

const look = (options: object = {}): Promise<Answer> => {
  world.clock.aheadMs += 5_000;
  return world.call("GET", "/api/v1/system", options);
};

test("names the nodes with their shares, the database, and health in words", async () => {
  const { status, body } = await look();
  expect(status).toBe(200);
  expect(body).toMatchObject({
    version: "0.0.0-test",
    retentionDays: 90,
    health: { status: "ok" },
    buckets: { delivery: { total: 64, owned: 64 }, device: { total: 64 } },
    oldestDue: { waiting: null, backedOff: null, parked: null },
    database: { role: "primary", standbys: 0, synchronous: false },
  });
  expect(body.nodes).toHaveLength(1);
  expect(body.nodes[0]).toMatchObject({
    id: world.node.node.nodeId,
    answering: true,
    deliveryBuckets: 64,
  });
  expect(Date.parse(body.nodes[0].leaseExpiresAt)).toBeGreaterThan(Date.now());
  expect(body.database.version).toMatch(/^\d+\.\d+$/);
  expect(body.database.bytes).toBeGreaterThan(1_000_000);
  expect(body.uptimeSeconds).toBeGreaterThanOrEqual(5);
  expect(body.health.parts).toContainEqual({
    part: "database",
    status: "ok",
    detail: "It answers and takes writes.",
  });
  for (const { detail } of body.health.parts) expect(detail).toMatch(/\.$/);
});

test("tells the worst part, and what to do about it", async () => {
  parts = { node: { status: "warning", detail: "Look at it." }, disk: { status: "ok" } };
  expect((await look()).body.health.status).toBe("warning");
  parts = { ...parts, disk: { status: "error", detail: "Make room." } };
  const { status, body } = await look();
  expect([status, body.health.status]).toEqual([200, "error"]);
  expect(body.health.parts).toContainEqual({
    part: "disk",
    status: "error",
    detail: "Make room.",
  });
  parts = well;
});

test("tells how long the oldest delivery of each state has been due", async () => {
  const appId = await world.application();
  const { environmentId } = world.environments.sandbox;
  const owed = (endpointId: string, attempts: number, seconds: number): Promise<unknown> =>
    sql(
      world.node.storage,
      `WITH made AS (
         INSERT INTO endpoint (application_id, endpoint_id, environment_id, bucket, url, disabled)
         VALUES ($1, $2, $3, 1, 'http://127.0.0.1:9/', true))
       INSERT INTO delivery (application_id, endpoint_id, message_id, bucket, attempts, due_at)
       VALUES ($1, $2, 'msg_1', 1, $4, now() - $5::int * interval '1 second')`,
      [appId, endpointId, environmentId, attempts, seconds],
    );
  await owed("ep_parked", 0, 100);
  await owed("ep_later", 1, -500);
  const { body } = await look();
  expect(body.oldestDue.parked).toBeGreaterThanOrEqual(100);
  expect(body.oldestDue.parked).toBeLessThan(130);
  expect(body.oldestDue.waiting).toBeNull();
});

test("costs the same however many look", async () => {
  let asked = 0;
  const { storage } = world.node;
  const { before } = storage;
  storage.before = (name) => {
    if (name === "find-oldest-due") asked += 1;
  };
  await look();
  const again = (): Promise<Answer> => world.call("GET", "/api/v1/system");
  await Promise.all(Array.from({ length: 20 }, again));
  expect(asked).toBe(1);
  // A failure is not remembered.
  storage.before = (name) => {
    if (name === "list-nodes") throw Object.assign(new Error("gone"), { code: "57P01" });
  };
  expect((await look()).status).toBe(503);
  storage.before = before;
  expect((await again()).status).toBe(200);
});

test("is for sessions and keys, not for portals", async () => {
  expect((await look({ key: null, headers: await world.logIn() })).status).toBe(200);
  expect((await look({ key: null })).status).toBe(401);
  const access = await world.call("POST", "/api/v1/auth/app-portal-access/default", { body: {} });
  expect((await look({ key: String(access.body.token) })).status).toBe(403);
});
