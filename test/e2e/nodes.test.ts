/**
 * Several real processes on one PostgreSQL: roles apart, joining and leaving, kill -9, a pause past the
 * lease, rolling restarts. Short by default; more rounds: AMPS_TEST_ROUNDS=200 npm test -- test/e2e/nodes
 */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { type Answer, type Receiver, startReceiver } from "../support/receiver.ts";
import {
  call,
  SANDBOX_KEY,
  type ServerProcess,
  startServerProcess,
} from "../support/server-process.ts";

const ROUNDS = Number(process.env["AMPS_TEST_ROUNDS"] ?? 3);
const ENDPOINTS = 16;
const PATIENCE = { timeout: 60_000, interval: 20 };

let dataDir: string;
let database: TestDatabase;
let client: pg.Client;
let receiver: Receiver;
let answer: (messageId: string) => Answer | Promise<Answer> = () => ({});
/** Message → requests, over all endpoints. */
const received = new Map<string, number[]>();
let api: ServerProcess;
let engine: ServerProcess;
let battery: ServerProcess;

function start(env: Record<string, string>): Promise<ServerProcess> {
  const shared = { DATABASE_URL: database.url, AMPS_MASTER_KEY: "k".repeat(43) };
  return startServerProcess({ dataDir, env: { ...shared, ...env } });
}

/** Delivery buckets per live node, in ascending order. */
async function shares(): Promise<number[]> {
  const { rows } = await client.query<{ buckets: number }>(
    `SELECT count(*)::int AS buckets FROM bucket_lease JOIN node USING (node_id)
     WHERE kind = 'delivery' GROUP BY node_id ORDER BY 1`,
  );
  return rows.map(({ buckets }) => buckets);
}

async function publish(url: string, payload: object = {}): Promise<string> {
  const body = { eventType: "nodes.test", payload };
  const made = await call<{ id: string }>(`${url}/api/v1/app/default/msg`, { body });
  expect(made.status).toBe(202);
  return made.body.id;
}

const copies = (id: string): number => received.get(id)?.length ?? 0;

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), "amps-nodes-"));
  database = await createTestDatabase();
  client = new pg.Client({ connectionString: database.url, application_name: "test" });
  await client.connect();
  receiver = await startReceiver(async ({ headers, receivedAt }) => {
    const id = String(headers["svix-id"]);
    received.set(id, [...(received.get(id) ?? []), receivedAt]);
    return await answer(id);
  });
  [api, engine, battery] = await Promise.all([
    start({ AMPS_ROLES: "api" }),
    start({ AMPS_ROLES: "engine" }),
    start({ AMPS_ROLES: "battery", AMPS_SANDBOX_SPEED: "10" }),
  ]);
  for (let index = 0; index < ENDPOINTS; index += 1) {
    const body = { url: `${receiver.url}/${index}` };
    expect((await call(`${api.url}/api/v1/app/default/endpoint`, { body })).status).toBe(201);
  }
});

afterAll(async () => {
  await Promise.all([api, engine, battery].map((server) => server.stop()));
  await receiver.close();
  await client.end();
  await database.drop();
  await rm(dataDir, { recursive: true, force: true });
});

test("api, engine and battery in processes of their own do the main job together", async () => {
  expect([engine.url, battery.url]).toEqual(["", ""]);
  const id = await publish(api.url);
  await expect.poll(() => copies(id), PATIENCE).toBe(ENDPOINTS);
  const devices = await call<{ data: { id: string }[] }>(`${api.url}/battery`);
  const body = { action: { command: "idle" }, sandbox: { outcome: "completed", delay: "1s" } };
  const pushed = await call<{ data: { id: string } }>(
    `${api.url}/battery/${devices.body.data[0]?.id}`,
    { body },
  );
  expect(pushed.status).toBe(202);
  const told = await receiver.matching(
    (request) => request.body.includes(pushed.body.data.id),
    PATIENCE.timeout,
  );
  expect(told.headers["amps-event-type"]).toBe("push.completed");
});

test("buckets are shared out when a node joins, and taken back when it leaves", async () => {
  expect(await shares()).toEqual([64]);
  const second = await start({ AMPS_ROLES: "engine" });
  await expect.poll(shares, PATIENCE).toEqual([32, 32]);
  const id = await publish(api.url);
  await expect.poll(() => copies(id), PATIENCE).toBe(ENDPOINTS);
  expect(await second.stop()).toBe(0);
  // Its last acts were to let go and to sign off: nobody has to wait for its lease.
  const nodes = await client.query("SELECT 1 FROM node WHERE 'engine' = ANY (roles)");
  expect(nodes.rowCount).toBe(1);
  await expect.poll(shares, PATIENCE).toEqual([64]);
});

test("E01: a node killed with -9 is taken over, and nothing is lost", async () => {
  const takeoversMs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const victim = await start({ AMPS_ROLES: "engine" });
    await expect.poll(shares, PATIENCE).toEqual([32, 32]);
    const killedAt = performance.now();
    await victim.kill();
    const id = await publish(api.url);
    await expect.poll(() => copies(id), PATIENCE).toBe(ENDPOINTS);
    takeoversMs.push(performance.now() - killedAt);
    await expect.poll(shares, PATIENCE).toEqual([64]);
  }
  takeoversMs.sort((a, b) => a - b);
  const at = (share: number): string =>
    `${Math.round(takeoversMs[Math.ceil(share * takeoversMs.length) - 1] ?? 0)} ms`;
  console.log(
    `kill -9 to delivered by another node, ${ROUNDS} rounds: p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)}`,
  );
}, 600_000);

test("E04: a node paused past its lease wakes up and changes nothing", async () => {
  const release = Promise.withResolvers<Answer>();
  let first = true;
  answer = () => {
    if (!first) return {};
    first = false;
    return release.promise;
  };
  const { rows } = await client.query<{ endpoint_id: string }>("SELECT endpoint_id FROM endpoint");
  const keep = rows[0]?.endpoint_id ?? "";
  // One endpoint, so that the one attempt in flight is known.
  await client.query("UPDATE endpoint SET disabled = endpoint_id <> $1", [keep]);
  const id = await publish(api.url);
  await expect.poll(() => copies(id), PATIENCE).toBe(1);
  engine.child.kill("SIGSTOP");
  const heir = await start({ AMPS_ROLES: "engine" });
  // The paused process still holds its session's lock: only its lease can end it.
  await expect.poll(() => copies(id), PATIENCE).toBe(2);
  const attempts = async (): Promise<unknown> =>
    (await client.query("SELECT succeeded FROM attempt WHERE message_id = $1", [id])).rows;
  await expect.poll(attempts, PATIENCE).toEqual([{ succeeded: true }]);
  engine.child.kill("SIGCONT");
  release.resolve({ status: 500 });
  await expect.poll(() => engine.output(), PATIENCE).toContain("it joins again");
  await expect.poll(shares, PATIENCE).toEqual([32, 32]);
  expect(await attempts()).toEqual([{ succeeded: true }]);
  expect(copies(id)).toBe(2);
  const owed = await client.query("SELECT 1 FROM delivery WHERE message_id = $1", [id]);
  expect(owed.rowCount).toBe(0);
  await client.query("UPDATE endpoint SET disabled = false");
  expect(await heir.stop()).toBe(0);
}, 120_000);

interface Try {
  status: number;
  body: string;
}

/** One request on a kept connection. */
function post(url: string, agent: Agent, key: string): Promise<Try> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${SANDBOX_KEY}`,
      "content-type": "application/json",
      "idempotency-key": key,
    };
    const sent = httpRequest(`${url}/api/v1/app/default/msg`, { method: "POST", agent, headers });
    sent.on("error", reject);
    sent.on("response", (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    sent.end(JSON.stringify({ eventType: "nodes.test", payload: {} }));
  });
}

test("E07: rolling restarts of three nodes show a retrying client no error", async () => {
  await client.query(
    "UPDATE endpoint SET disabled = endpoint_id <> (SELECT min(endpoint_id) FROM endpoint)",
  );
  const env = { AMPS_ROLES: "api,engine" };
  const nodes = await Promise.all([start(env), start(env), start(env)]);
  const urls = nodes.map(({ url }) => url);
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const accepted: string[] = [];
  const elsewhere = new Map<string, number>();
  const refused: string[] = [];
  const over = new AbortController();
  /** Turns to the next node when one does not answer, or says 503. */
  const publishOne = async (turn: number): Promise<void> => {
    const key = randomUUID();
    for (let attempt = 0; attempt < urls.length; attempt += 1) {
      const url = urls[(turn + attempt) % urls.length] ?? "";
      const made = await post(url, agent, key).catch((error: Error): Try => ({
        status: 0,
        body: "code" in error ? String(error.code) : error.message,
      }));
      if (made.status === 202) {
        accepted.push((JSON.parse(made.body) as { id: string }).id);
        return;
      }
      const reason = made.status === 0 ? made.body : String(made.status);
      elsewhere.set(reason, (elsewhere.get(reason) ?? 0) + 1);
      if (made.status !== 0 && made.status !== 503) break;
    }
    refused.push(key);
  };
  const clients = Array.from({ length: 4 }, async (_, worker) => {
    for (let turn = worker; !over.signal.aborted; turn += 1) await publishOne(turn);
  });
  for (let round = 0; round < ROUNDS; round += 1) {
    const index = round % nodes.length;
    const old = nodes[index];
    expect(await old?.stop()).toBe(0);
    nodes[index] = await start({ ...env, AMPS_PORT: new URL(urls[index] ?? "").port });
  }
  over.abort();
  await Promise.all(clients);
  agent.destroy();
  const tries = [...elsewhere].map(([reason, times]) => `${times} ${reason}`).join(", ");
  console.log(`${ROUNDS} restarts: ${accepted.length} accepted; tried elsewhere after ${tries}`);
  expect(refused).toEqual([]);
  expect(accepted.length).toBeGreaterThan(ROUNDS);
  const missing = (): string[] => accepted.filter((id) => copies(id) < 1);
  await expect.poll(missing, PATIENCE).toEqual([]);
  const owed = async (): Promise<unknown> =>
    (await client.query("SELECT count(*)::int AS rows FROM delivery")).rows;
  await expect.poll(owed, PATIENCE).toEqual([{ rows: 0 }]);
  // 0 attempts without a record: each request that arrived has its row.
  const { rows } = await client.query<{ message_id: string; attempts: number }>(
    "SELECT message_id, count(*)::int AS attempts FROM attempt GROUP BY 1",
  );
  const recorded = new Map(rows.map((row) => [row.message_id, row.attempts]));
  expect(accepted.filter((id) => recorded.get(id) !== copies(id))).toEqual([]);
  expect(await Promise.all(nodes.map((node) => node.stop()))).toEqual([0, 0, 0]);
}, 900_000);
