/** `/metrics` over a whole node: who may read it, that it is well-formed, and that it tells the truth. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { Metrics } from "../../src/core/metrics.ts";
import { BACKLOG_STATES } from "../../src/storage/deliveries/find-oldest-due.ts";
import { Backlog } from "../../src/telemetry/backlog.ts";
import { watchNode } from "../../src/telemetry/node-metrics.ts";
import { watchProcess } from "../../src/telemetry/process-metrics.ts";
import { StatementWatch } from "../../src/telemetry/statement-watch.ts";
import { type Metric, readExposition, valueOf } from "../support/exposition.ts";
import { silentLog, sql } from "../support/factories.ts";
import { World } from "./world.ts";

const TOKEN = "a-token-for-the-tests";
let world: World;
let stopWatching: () => void;
let backlog: Backlog | undefined;

beforeAll(async () => {
  const metrics = new Metrics();
  stopWatching = watchProcess(metrics);
  const watch = new StatementWatch(metrics, systemClock);
  watch.begun("insert-messages")(true);
  const refresh = async (): Promise<void> => await backlog?.refresh();
  const metricsRoute = { metrics, token: TOKEN, refresh };
  world = await World.open({ metrics, metricsRoute });
  const { engine, node, storage } = world.node;
  watchNode(metrics, {
    version: "1.2.3",
    engine: () => engine.health(),
    driver: () => ({ active: 1, completed: 2, failed: 3 }),
    owned: () => ({ ...node.owned }),
    leaseSeconds: () => node.leaseMs / 1000,
    pools: { work: () => storage.pool },
    logsDropped: () => 4,
  });
  const isOwned = (bucket: number): boolean => node.deliveries.epochOf(bucket) !== undefined;
  backlog = new Backlog({ storage, clock: systemClock, log: silentLog, isOwned }, metrics);
});

afterAll(async () => {
  stopWatching();
  await world.close();
});

async function scrape(): Promise<Map<string, Metric>> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const answer = await world.call("GET", "/metrics", { key: null, headers });
  expect(answer.status).toBe(200);
  expect(answer.headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
  return readExposition(answer.text);
}

describe("who may read", () => {
  test("an API key and the token open it; nothing else does, not even loopback", async () => {
    expect((await world.call("GET", "/metrics")).status).toBe(200);
    await scrape();
    for (const authorization of [`Bearer ${TOKEN}x`, "Bearer ", "Bearer sk_test_unknown", TOKEN]) {
      const refused = await world.call("GET", "/metrics", {
        key: null,
        headers: { authorization },
      });
      expect(refused.status).toBe(401);
      expect(refused.text).toContain("AMPS_METRICS_TOKEN");
    }
    expect((await world.call("GET", "/metrics", { key: null })).status).toBe(401);
    // They are figures of all tenants: no business of a portal.
    const access = await world.call("POST", "/api/v1/auth/app-portal-access/default", { body: {} });
    const portal = await world.call("GET", "/metrics", { key: String(access.body.token) });
    expect(portal.status).toBe(401);
    const url = await world.listen();
    expect((await fetch(`${url}/metrics`)).status).toBe(401);
  });

  test("without the option there is no such path", async () => {
    const plain = await World.open();
    expect((await plain.call("GET", "/metrics")).status).toBe(404);
    await plain.close();
  });
});

test("what happened is counted, by closed sets of labels only", async () => {
  const appId = await world.application({ uid: "secret-tenant" });
  const endpointId = await world.endpoint(appId);
  const messageId = await world.message(appId);
  await world.attempts(appId, messageId, 1);
  await world.call("GET", `/api/v1/app/${appId}/msg/msg_unknown`);
  await world.call("GET", "/no/such/path");
  // An attempt can be read a moment before it is counted.
  const { node } = world;
  await node.events.until(() => node.engine.health().counters.delivered === 1);
  const metrics = await scrape();
  expect(valueOf(metrics, "amps_messages_accepted_total")).toBe(1);
  expect(valueOf(metrics, "amps_deliveries_delivered_total")).toBe(1);
  expect(valueOf(metrics, "amps_deliveries_exhausted_total")).toBe(0);
  expect(valueOf(metrics, "amps_actions_ended_total", { state: "failed" })).toBe(3);
  expect(valueOf(metrics, "amps_buckets_owned", { kind: "delivery" })).toBe(64);
  expect(valueOf(metrics, "amps_node_lease_seconds")).toBeGreaterThan(0);
  expect(valueOf(metrics, "amps_pool_connections", { pool: "work", state: "waiting" })).toBe(0);
  expect(valueOf(metrics, "amps_log_lines_dropped_total")).toBe(4);
  expect(valueOf(metrics, "amps_build_info", { version: "1.2.3" })).toBe(1);
  expect(valueOf(metrics, "amps_database_seconds_count", { operation: "publish" })).toBe(1);
  expect(valueOf(metrics, "process_cpu_seconds_total")).toBeGreaterThan(0);
  expect(valueOf(metrics, "amps_database_bytes")).toBeGreaterThan(0);
  const route = "/api/v1/app/:appId/msg";
  const published = { method: "POST", route, status: "2xx" };
  expect(valueOf(metrics, "amps_http_requests_total", published)).toBe(1);
  const unknown = { method: "any", route: "unknown", status: "4xx" };
  expect(valueOf(metrics, "amps_http_requests_total", unknown)).toBe(1);
  const series = [...metrics.values()].flatMap(({ samples }) => samples);
  const values = series.flatMap(({ labels }) => Object.values(labels)).join("\n");
  for (const id of [appId, "secret-tenant", endpointId, messageId, "msg_unknown"]) {
    expect(values).not.toContain(id);
  }
});

test("the oldest due is told by state, from one look for many askers", async () => {
  const appId = await world.application();
  const storage = world.node.storage;
  // No statement of the engine finds these before the figures do.
  const statesOf = { waiting: 0, backed_off: 2, parked: 0 };
  const { engine } = world.node;
  await engine.stop();
  for (const [state, attempts] of Object.entries(statesOf)) {
    const endpointId = await world.endpoint(appId, { disabled: state === "parked" });
    await sql(
      storage,
      `INSERT INTO delivery (application_id, endpoint_id, message_id, bucket, attempts, due_at)
       SELECT application_id, endpoint_id, 'msg_' || n, bucket, $2,
         now() - $3 * interval '1 minute' + n * interval '1 second'
       FROM endpoint, generate_series(0, 99) n WHERE endpoint_id = $1`,
      [endpointId, attempts, BACKLOG_STATES.findIndex((name) => name === state) + 2],
    );
  }
  let looks = 0;
  storage.before = (name) => {
    if (name === "find-oldest-due") looks += 1;
  };
  const measured = new Metrics();
  backlog = new Backlog(
    { storage, clock: systemClock, log: silentLog, isOwned: () => true },
    measured,
  );
  await Promise.all([backlog.refresh(), backlog.refresh(), backlog.refresh()]);
  await backlog.refresh();
  expect(looks).toBe(1);
  const read = readExposition(measured.write());
  for (const [index, state] of BACKLOG_STATES.entries()) {
    const minutes = valueOf(read, "amps_oldest_due_seconds", { state }) / 60;
    expect(minutes).toBeGreaterThanOrEqual(index + 2);
    expect(minutes).toBeLessThan(index + 2.9);
    expect(valueOf(read, "amps_owed_endpoints", { state })).toBe(1);
  }
});

test("a database that hangs does not hold the figures up", async () => {
  const { storage } = world.node;
  const gate = Promise.withResolvers<void>();
  storage.before = (name) => (name === "estimate-waiting" ? gate.promise : undefined);
  const clock = {
    ...systemClock,
    after: (_: number, task: () => void) => systemClock.after(0, task),
  };
  const metrics = new Metrics();
  const hanging = new Backlog({ storage, clock, log: silentLog, isOwned: () => true }, metrics);
  await hanging.refresh();
  expect(metrics.write()).toBe("");
  gate.resolve();
  storage.before = () => undefined;
});
