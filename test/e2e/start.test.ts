/** Starting and stopping: takes over what a kill left, refuses what cannot work, in words. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runningPid } from "../../src/storage/embedded/cluster.ts";
import { createTestDatabase } from "../support/database.ts";
import { startReceiver } from "../support/receiver.ts";
import { call, failToStart, startServerProcess } from "../support/server-process.ts";

let dataDir: string;

/** `Z` for a process that ended and was not yet collected, as init may leave it for a while. */
async function readState(pid: number | undefined): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "gone");
  return text.slice(text.lastIndexOf(")") + 1).trim();
}

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), "amps-start-"));
});

afterAll(() => rm(dataDir, { recursive: true, force: true }));

test("starts on an empty directory, stops on SIGTERM, starts again with its data", async () => {
  const first = await startServerProcess({ dataDir });
  const health = await call<object>(`${first.url}/api/v1/health`);
  expect(health.status).toBe(200);
  const made = await call<{ id: string }>(`${first.url}/api/v1/app`, {
    body: { name: "kept", uid: "kept" },
  });
  expect(made.status).toBe(201);
  expect(await first.stop()).toBe(0);
  expect(first.output()).not.toContain('"level"');
  expect(await runningPid(path.join(dataDir, "postgres"))).toBeUndefined();
  const second = await startServerProcess({ dataDir });
  const kept = await call<{ id: string }>(`${second.url}/api/v1/app/kept`);
  expect(kept.body.id).toBe(made.body.id);
  expect(await second.stop()).toBe(0);
});

test("a second server on the same directory is refused and harms nothing", async () => {
  const first = await startServerProcess({ dataDir });
  const second = await failToStart({ dataDir });
  expect(second.code).toBe(1);
  expect(second.output).toContain(`Another Amps server already uses the data directory ${dataDir}`);
  expect(second.output).toContain(`process ${first.child.pid}`);
  expect((await call(`${first.url}/api/v1/health`)).status).toBe(200);
  expect(await first.stop()).toBe(0);
});

test("runs on an external PostgreSQL, where several servers share the work", async () => {
  const database = await createTestDatabase();
  const env = { DATABASE_URL: database.url, AMPS_MASTER_KEY: "k".repeat(43) };
  const receiver = await startReceiver();
  const [first, second] = await Promise.all([
    startServerProcess({ dataDir, env }),
    startServerProcess({ dataDir, env }),
  ]);
  const endpoint = { body: { url: receiver.url } };
  expect((await call(`${first.url}/api/v1/app/default/endpoint`, endpoint)).status).toBe(201);
  const message = { body: { eventType: "any.thing", payload: { from: "the other server" } } };
  const made = await call<{ id: string }>(`${second.url}/api/v1/app/default/msg`, message);
  const request = await receiver.matching((seen) => seen.headers["svix-id"] === made.body.id);
  expect(request.body.toString()).toBe('{"from":"the other server"}');
  expect(await Promise.all([first.stop(), second.stop()])).toEqual([0, 0]);
  const wrongKey = { ...env, AMPS_MASTER_KEY: "w".repeat(43) };
  const refused = await failToStart({ dataDir, env: wrongKey });
  expect(refused.output).toContain("master key");
  expect(refused.output).not.toContain(wrongKey.AMPS_MASTER_KEY);
  await receiver.close();
  await database.drop();
});

test("a busy port is named", async () => {
  const taken = net.createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  const { port } = taken.address() as net.AddressInfo;
  const failed = await failToStart({ dataDir, env: { AMPS_PORT: String(port) } });
  taken.close();
  expect(failed.code).toBe(1);
  expect(failed.output).toContain(`Port ${port} on 127.0.0.1 is already in use`);
  expect(failed.output).toContain("AMPS_PORT");
  expect(await runningPid(path.join(dataDir, "postgres"))).toBeUndefined();
});

test("all mistakes of the configuration are told together, and no secret is echoed", async () => {
  const failed = await failToStart({
    dataDir,
    env: { AMPS_PORT: "high", AMPS_ROLES: "cook", AMPS_SANDBOX_KEY: "sk_live_hunter22" },
  });
  expect(failed.code).toBe(1);
  expect(failed.output).toContain(
    'AMPS_PORT: must be a port, 0 to 65535 (0: a free one) (got "high")',
  );
  expect(failed.output).toContain("AMPS_ROLES: must be some of api,engine,battery");
  expect(failed.output).toContain("AMPS_SANDBOX_KEY: must be sk_test_");
  expect(failed.output).not.toContain("hunter22");
});

test("kill -9 takes the database down with it, and the next start takes over", async ({ skip }) => {
  if (process.platform !== "linux") skip("only Linux ends a child with its parent");
  const first = await startServerProcess({ dataDir });
  const postgres = await runningPid(path.join(dataDir, "postgres"));
  await first.kill();
  const second = await startServerProcess({ dataDir });
  expect(await runningPid(path.join(dataDir, "postgres"))).not.toBe(postgres);
  expect(await readState(postgres)).toMatch(/^(gone|Z)/);
  expect((await call(`${second.url}/api/v1/health`)).status).toBe(200);
  expect(await second.stop()).toBe(0);
});

test("when only the launcher is killed, the server ends in an orderly way", async () => {
  const server = await startServerProcess({ dataDir, launcher: true });
  await server.kill();
  await expect
    .poll(() => runningPid(path.join(dataDir, "postgres")), { timeout: 20_000 })
    .toBeUndefined();
  const next = await startServerProcess({ dataDir });
  expect(await next.stop()).toBe(0);
});
