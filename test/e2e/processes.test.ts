/** `AMPS_PROCESSES`: one start, several delivering processes on the embedded database. */
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { call, type ServerProcess, startServerProcess } from "../support/server-process.ts";

const PATIENCE = { timeout: 60_000, interval: 20 };

let dataDir: string;
let server: ServerProcess;
let receiver: Receiver;
let client: pg.Client;

/** Process ids of the children that run the program; the database is not among them. */
function workers(): number[] {
  const listed = execFileSync("ps", ["-e", "-o", "pid=,ppid=,args="], { encoding: "utf8" });
  const rows = listed.trim().split("\n");
  return rows.flatMap((row) => {
    const [, pid, parent, args = ""] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(row) ?? [];
    return Number(parent) === server.child.pid && args.includes("main.ts") ? [Number(pid)] : [];
  });
}

function commandOf(pid: number): Promise<string> {
  return readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
}

async function shares(): Promise<number[]> {
  const { rows } = await client.query<{ buckets: number }>(
    `SELECT count(*)::int AS buckets FROM bucket_lease JOIN node USING (node_id)
     WHERE kind = 'delivery' GROUP BY node_id ORDER BY 1`,
  );
  return rows.map(({ buckets }) => buckets);
}

async function start(): Promise<void> {
  server = await startServerProcess({ dataDir, env: { AMPS_PROCESSES: "2" } });
  const file = path.join(dataDir, "secrets", "database-password");
  const password = (await readFile(file, "utf8")).trim();
  client = new pg.Client({
    host: path.join(dataDir, "run"),
    user: "amps",
    password,
    database: "amps",
  });
  client.on("error", () => undefined);
  await client.connect();
}

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), "amps-processes-"));
  receiver = await startReceiver();
  await start();
});

afterAll(async () => {
  await receiver.close();
  await rm(dataDir, { recursive: true, force: true });
});

test("two processes share the deliveries of what one accepts, secrets on no command line", async () => {
  expect(server.output()).toMatch(/Processes\s+2 that share the deliveries/);
  await expect.poll(shares, PATIENCE).toEqual([32, 32]);
  const [worker = 0] = workers();
  expect(workers()).toHaveLength(1);
  expect(await commandOf(worker)).not.toMatch(/postgres|host=/);
  for (let index = 0; index < 12; index += 1) {
    const body = { url: `${receiver.url}/${index}` };
    expect((await call(`${server.url}/api/v1/app/default/endpoint`, { body })).status).toBe(201);
  }
  const body = { eventType: "a.b", payload: {} };
  expect((await call(`${server.url}/api/v1/app/default/msg`, { body })).status).toBe(202);
  await receiver.nth(12, PATIENCE.timeout);
  expect(new Set(receiver.requests.map(({ url }) => url)).size).toBe(12);
});

test("a process that ends is started again, and its share is not lost meanwhile", async () => {
  const [worker = 0] = workers();
  process.kill(worker, "SIGKILL");
  await expect.poll(() => workers().filter((pid) => pid !== worker).length, PATIENCE).toBe(1);
  await expect.poll(shares, PATIENCE).toEqual([32, 32]);
  expect(server.output()).toContain("A delivering process ended; it is started again.");
});

test("SIGTERM ends all of them, in order; kill -9 of the first takes the others along", async () => {
  const [worker = 0] = workers();
  await client.end();
  expect(await server.stop()).toBe(0);
  expect(await commandOf(worker)).toBe("");
  expect(server.output()).not.toContain("signed off");
  await start();
  await expect.poll(shares, PATIENCE).toEqual([32, 32]);
  const [orphan = 0] = workers();
  await server.kill();
  await expect.poll(() => commandOf(orphan), PATIENCE).toBe("");
});
