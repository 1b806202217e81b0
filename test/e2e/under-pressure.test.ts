/** A real server whose surroundings give way: its logs' reader, its memory, its descriptors. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { readExposition, valueOf } from "../support/exposition.ts";
import { startReceiver } from "../support/receiver.ts";
import {
  call,
  SANDBOX_KEY,
  type ServerProcess,
  type ServerProcessOptions,
  startServerProcess,
} from "../support/server-process.ts";

const MEBIBYTE = 1024 * 1024;
const onLinux = process.platform === "linux";
const SLOW_MS = 60_000;
let dataDir: string;
let database: TestDatabase;

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), "amps-pressure-"));
  database = await createTestDatabase();
});

afterEach(async () => {
  await database.drop();
  await rm(dataDir, { recursive: true, force: true });
});

function start(options: Partial<ServerProcessOptions> = {}): Promise<ServerProcess> {
  const env = { DATABASE_URL: database.url, AMPS_MASTER_KEY: "k".repeat(43), ...options.env };
  return startServerProcess({ dataDir, ...options, env });
}

async function figure(server: ServerProcess, name: string, labels = {}): Promise<number> {
  const headers = { authorization: `Bearer ${SANDBOX_KEY}` };
  const response = await fetch(`${server.url}/metrics`, { headers });
  expect(response.status).toBe(200);
  return valueOf(readExposition(await response.text()), name, labels);
}

async function publish(server: ServerProcess, payload: object): Promise<number> {
  const message = { body: { eventType: "a.b", payload } };
  return (await call(`${server.url}/api/v1/app/default/msg`, message)).status;
}

test(
  "a reader of the logs that has stopped costs lines, not deliveries, nor the end",
  async () => {
    const receiver = await startReceiver();
    const server = await start({ env: { AMPS_LOG_LEVEL: "debug" } });
    await call(`${server.url}/api/v1/app/default/endpoint`, { body: { url: receiver.url } });
    // Nothing reads the pipe from here on; its buffer fills, and then ours.
    server.child.stderr?.pause();
    let dropped = 0;
    for (let sent = 0; dropped === 0; sent += 500) {
      expect(sent).toBeLessThan(50_000);
      const batch = Array.from({ length: 500 }, () => call(`${server.url}/api/v1/app/default`));
      await Promise.all(batch);
      dropped = await figure(server, "amps_log_lines_dropped_total");
    }
    expect(await publish(server, { after: "the pipe was full" })).toBe(202);
    await receiver.matching(({ body }) => body.toString().includes("the pipe was full"));
    const ended = server.stop();
    expect(await ended).toBe(0);
    await receiver.close();
  },
  SLOW_MS,
);

test(
  "logs carry ids, and neither secrets, payloads nor credentials",
  async () => {
    const receiver = await startReceiver(({ n }) => (n === 1 ? { status: 410 } : {}));
    const server = await start({ env: { AMPS_LOG_LEVEL: "debug" } });
    const endpoint = await call<{ id: string }>(`${server.url}/api/v1/app/default/endpoint`, {
      body: {
        url: receiver.url.replace("//", "//user:hunter22@"),
        secret: `whsec_${Buffer.alloc(24, 7).toString("base64")}`,
        headers: { "x-token": "hunter33" },
      },
    });
    const made = await call<{ id: string }>(`${server.url}/api/v1/app/default/msg?token=hunter44`, {
      body: { eventType: "a.b", payload: { private: "hunter55" } },
    });
    await receiver.nth(1);
    const lines = (): Record<string, unknown>[] =>
      server
        .output()
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    const told = (message: string): Record<string, unknown> | undefined =>
      lines().find(({ msg, messageId, endpointId }) => {
        return msg === message && (messageId ?? made.body.id) === made.body.id && endpointId !== "";
      });
    await expect.poll(() => told("Endpoint disabled."), { timeout: 15_000 }).toBeDefined();
    await server.stop();
    expect(told("Endpoint disabled.")).toMatchObject({ endpointId: endpoint.body.id, level: 40 });
    const attempt = lines().find(({ attemptId }) => attemptId !== undefined);
    expect(attempt).toMatchObject({
      messageId: made.body.id,
      endpointId: endpoint.body.id,
      status: 410,
    });
    const accepted = lines().find(({ msg }) => msg === "Message accepted.");
    expect(accepted).toMatchObject({
      messageId: made.body.id,
      requestId: expect.stringMatching(/^req_/),
    });
    const request = lines().find(({ requestId, msg }) => {
      return msg === "request" && requestId === accepted?.["requestId"];
    });
    expect(request).toMatchObject({ method: "POST", status: 202, path: "/api/v1/app/default/msg" });
    expect(lines().find(({ msg }) => msg === "The node joined its peers.")).toMatchObject({
      nodeId: expect.stringMatching(/^node_/),
    });
    const secrets = [/hunter\d\d/, /whsec_/, /sk_test_\w{9,}/, /"payload"/];
    const logged = lines()
      .map((line) => JSON.stringify(line))
      .join("\n");
    for (const secret of secrets) expect(logged).not.toMatch(secret);
    await receiver.close();
  },
  SLOW_MS,
);

/** Highest resident memory of a process so far. */
async function peakBytes(pid: number | undefined): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+) kB/.exec(text)?.[1]) * 1024;
}

test(
  "100 publishes of 1 MiB at once take a bounded part of memory",
  async ({ skip }) => {
    if (!onLinux) skip("only Linux tells the peak of another process");
    const receiver = await startReceiver();
    const server = await start();
    await call(`${server.url}/api/v1/app/default/endpoint`, { body: { url: receiver.url } });
    const before = await peakBytes(server.child.pid);
    const text = "x".repeat(MEBIBYTE - 200);
    const statuses = await Promise.all(
      Array.from({ length: 100 }, () => publish(server, { text })),
    );
    expect(new Set(statuses)).toEqual(new Set([202, 503]));
    expect(await publish(server, { text })).toBe(202);
    // 100 to 200 of garbage and copies; 430 when all are taken in at once.
    const grown = (await peakBytes(server.child.pid)) - before;
    expect(grown / MEBIBYTE).toBeLessThan(300);
    await server.stop();
    await receiver.close();
  },
  SLOW_MS,
);

test(
  "clients cannot take the descriptors of deliveries",
  async ({ skip }) => {
    if (!onLinux) skip("elsewhere the limit of descriptors is not read");
    const receiver = await startReceiver();
    // 190 of them for clients.
    const server = await start({ descriptorsMax: 700 });
    await call(`${server.url}/api/v1/app/default/endpoint`, { body: { url: receiver.url } });
    const { port } = new URL(server.url);
    const sockets = Array.from({ length: 800 }, () => {
      const socket = net.connect(Number(port), "127.0.0.1");
      return socket.on("error", () => undefined);
    });
    const closed = (): number => sockets.filter((socket) => socket.closed).length;
    await expect.poll(closed, { timeout: 20_000 }).toBeGreaterThanOrEqual(800 - 190 - 100);
    const body = JSON.stringify({ eventType: "a.b", payload: { from: "inside" } });
    const inside = sockets.find((socket) => !socket.closed);
    inside?.write(
      `POST /api/v1/app/default/msg HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${SANDBOX_KEY}\r\n` +
        `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await receiver.matching((request) => request.body.toString().includes("inside"));
    for (const socket of sockets) socket.destroy();
    await expect
      .poll(() => publish(server, { from: "later" }).catch(() => 0), { timeout: 20_000 })
      .toBe(202);
    expect(await server.stop()).toBe(0);
    await receiver.close();
  },
  SLOW_MS,
);

/** Connects until the database has no slot left for this role. */
async function takeAllSlots(url: string): Promise<pg.Client[]> {
  const taken: pg.Client[] = [];
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
    } catch (error) {
      expect(error).toMatchObject({ code: "53300" });
      return taken;
    }
    taken.push(client);
  }
}

test(
  "when others took every connection of the database, 503 at worst, and deliveries go on",
  async () => {
    const admin = new pg.Client({ connectionString: database.url });
    await admin.connect();
    const role = `limited_${path.basename(dataDir).replaceAll(/\W/g, "_").toLowerCase()}`;
    // Like max_connections 10 on a server of its own: the same refusal, 53300.
    await admin.query(
      `CREATE ROLE ${role} LOGIN PASSWORD 'test' CONNECTION LIMIT 10 IN ROLE ${String(admin.user)}`,
    );
    const url = database.url.replace(/\/\/[^@]+@/, `//${role}:test@`);
    const receiver = await startReceiver();
    const server = await start({ env: { DATABASE_URL: url } });
    await call(`${server.url}/api/v1/app/default/endpoint`, { body: { url: receiver.url } });
    const taken = await takeAllSlots(url);
    // While it is locked each request needs a connection of its own, however slowly they come.
    await admin.query("BEGIN; LOCK TABLE application");
    const lists = Array.from({ length: 40 }, () => call(`${server.url}/api/v1/app`));
    await Promise.any(lists.map(async (list) => expect((await list).status).toBe(503)));
    await admin.query("COMMIT");
    const statuses = (await Promise.all(lists)).map(({ status }) => status);
    expect(statuses.filter((status) => status !== 200 && status !== 503)).toEqual([]);
    expect(statuses).toContain(503);
    await expect.poll(() => publish(server, { from: "the crowd" }), { timeout: 20_000 }).toBe(202);
    await receiver.matching(({ body }) => body.toString().includes("the crowd"));
    const exhausted = await figure(server, "amps_pool_connections", {
      pool: "work",
      state: "total",
    });
    expect(exhausted).toBeGreaterThanOrEqual(4);
    await Promise.all(taken.map((client) => client.end()));
    await expect
      .poll(async () => (await call(`${server.url}/api/v1/app`)).status, { timeout: 20_000 })
      .toBe(200);
    expect((await call(`${server.url}/api/v1/health`)).status).toBe(200);
    expect(await server.stop()).toBe(0);
    await receiver.close();
    await admin.query(
      `REASSIGN OWNED BY ${role} TO CURRENT_USER; DROP OWNED BY ${role}; DROP ROLE ${role}`,
    );
    await admin.end();
  },
  SLOW_MS,
);
