/**
 * E12 with the real server: a primary with a synchronous standby, kill -9 of the primary under load,
 * promotion. Nothing that was answered 202 is lost, and the node needs no restart.
 */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Events } from "../support/events.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { ReplicatedPostgres } from "../support/replicated-postgres.ts";
import { call, type ServerProcess, startServerProcess } from "../support/server-process.ts";

const CLIENTS = 4;
const PATIENCE = { timeout: 60_000, interval: 20 };

let dataDir: string;
let pair: ReplicatedPostgres;
let server: ServerProcess;
let receiver: Receiver;
/** Outside the system under test: key → the id that was accepted for it, and when. */
const ledger = new Map<string, { id: string; at: number }>();
const events = new Events();

/** Asks until it is accepted, always under the same key. */
async function publish(over: AbortSignal): Promise<void> {
  const key = randomUUID();
  const request = {
    body: { eventType: "failover.test", payload: { key } },
    headers: { "idempotency-key": key },
  };
  while (!over.aborted) {
    const made = await call<{ id: string }>(`${server.url}/api/v1/app/default/msg`, request).catch(
      () => undefined,
    );
    if (made?.status === 202) {
      ledger.set(key, { id: made.body.id, at: performance.now() });
      events.signal();
      return;
    }
    // Anything but "not now" is a fault of the server.
    if (made !== undefined) expect(made.status).toBe(503);
  }
}

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), "amps-failover-"));
  pair = await ReplicatedPostgres.start();
  receiver = await startReceiver();
  server = await startServerProcess({
    dataDir,
    env: { DATABASE_URL: pair.url, AMPS_MASTER_KEY: "k".repeat(43) },
  });
  const body = { url: receiver.url };
  expect((await call(`${server.url}/api/v1/app/default/endpoint`, { body })).status).toBe(201);
});

afterAll(async () => {
  await server.stop();
  await receiver.close();
  await pair.close();
  await rm(dataDir, { recursive: true, force: true });
});

test("the primary is killed under load and the standby promoted: nothing is lost", async () => {
  const over = new AbortController();
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (!over.signal.aborted) await publish(over.signal);
  });
  await events.until(() => ledger.size > 100, { timeoutMs: 60_000 });
  await pair.kill("a");
  const acceptedBefore = ledger.size;
  await pair.promote("b");
  const promotedAt = performance.now();
  await events.until(() => ledger.size > acceptedBefore + 100, { timeoutMs: 60_000 });
  over.abort();
  await Promise.all(clients);
  const firstAt = [...ledger.values()].map(({ at }) => at).find((at) => at > promotedAt);
  const firstMs = Math.round((firstAt ?? Infinity) - promotedAt);
  console.log(`first 202 after the promotion: ${firstMs} ms; ${ledger.size} accepted in all`);
  const received = (): Set<string> =>
    new Set(receiver.requests.map(({ headers }) => String(headers["svix-id"])));
  const missing = (): string[] => {
    const arrived = received();
    return [...ledger.values()].flatMap(({ id }) => (arrived.has(id) ? [] : [id]));
  };
  await expect.poll(missing, PATIENCE).toEqual([]);
  const stored = await pair.query("b", "SELECT message_id FROM message");
  const kept = new Set(stored.map((row) => row["message_id"]));
  expect([...ledger.values()].filter(({ id }) => !kept.has(id))).toEqual([]);
  const owed = async (): Promise<unknown> =>
    await pair.query("b", "SELECT message_id FROM delivery");
  await expect.poll(owed, PATIENCE).toEqual([]);
  const health = async (): Promise<number> =>
    (await call(`${server.url}/api/v1/health`).catch(() => ({ status: 0 }))).status;
  await expect.poll(health, PATIENCE).toBe(200);
}, 120_000);
