/** Logging in as people do: by the links of the banner and of the command, and on several nodes. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { failToStart, type ServerProcess, startServerProcess } from "../support/server-process.ts";

const run = promisify(execFile);
const LINK = /http:\/\/127\.0\.0\.1:\d+\/dashboard\/login#token=([\w-]{43})/;

let dataDir: string;
let server: ServerProcess;
beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), "amps-login-"));
  server = await startServerProcess({ dataDir });
});
afterAll(async () => {
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});

async function logIn(token: string): Promise<number> {
  const answer = await fetch(`${server.url}/api/v1/dashboard/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token }),
  });
  return answer.status;
}

function command(folder: string): Promise<{ stdout: string }> {
  const { port } = new URL(server.url);
  const args = ["scripts/login-link.ts", "--port", port];
  return run(process.execPath, args, { env: { PATH: process.env["PATH"], AMPS_DATA_DIR: folder } });
}

test("the banner's link logs in, once", async () => {
  const [link = "", token = ""] = LINK.exec(server.output()) ?? [];
  expect(link.startsWith(`${server.url}/dashboard/login`)).toBe(true);
  expect(await logIn(token)).toBe(200);
  expect(await logIn(token)).toBe(401);
});

test("the command prints a new one beside the running server", async () => {
  const { stdout } = await command(dataDir);
  const [, token = ""] = LINK.exec(stdout) ?? [];
  expect(stdout.trim()).toMatch(LINK);
  expect(await logIn(token)).toBe(200);
  expect(await logIn(token)).toBe(401);
});

test("the command says so when no server runs on the directory", async () => {
  const empty = await mkdtemp(path.join(tmpdir(), "amps-login-"));
  await expect(command(empty)).rejects.toMatchObject({
    stderr: expect.stringContaining(`No server runs on ${empty}`) as string,
  });
  await rm(empty, { recursive: true });
});

test("with a password of the operator's there is no link, and a weak one is refused", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "amps-login-"));
  const AMPS_ADMIN_PASSWORD = "correct horse battery";
  const own = await startServerProcess({ dataDir: folder, env: { AMPS_ADMIN_PASSWORD } });
  expect(own.output()).not.toContain("#token=");
  expect(own.output()).toContain(`${own.url}/dashboard/  log in with AMPS_ADMIN_PASSWORD`);
  expect(own.output()).not.toContain(AMPS_ADMIN_PASSWORD);
  await own.stop();
  const weak = { NODE_ENV: "production", AMPS_ADMIN_PASSWORD: "short" };
  expect((await failToStart({ dataDir: folder, env: weak })).output).toContain("12 characters");
  await rm(folder, { recursive: true, force: true });
});

test("sessions and keys made on one node hold on another, and end there at once", async () => {
  const database = await createTestDatabase();
  const env = {
    DATABASE_URL: database.url,
    AMPS_MASTER_KEY: "k".repeat(43),
    AMPS_ADMIN_PASSWORD: "correct horse battery",
  };
  const [one, two] = await Promise.all([
    startServerProcess({ dataDir, env }),
    startServerProcess({ dataDir, env }),
  ]);
  const login = await fetch(`${one.url}/api/v1/dashboard/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ password: env.AMPS_ADMIN_PASSWORD }),
  });
  const { csrfToken } = (await login.json()) as { csrfToken: string };
  const cookie = login.headers.get("set-cookie")?.split(";")[0] ?? "";
  expect(cookie).toMatch(/^amps-session=/);
  const session = { cookie, "amps-environment": "sandbox", "amps-csrf-token": csrfToken };
  const json = { "content-type": "application/json" };
  const made = await fetch(`${two.url}/api/v1/api-key`, {
    method: "POST",
    headers: { ...session, ...json },
    body: JSON.stringify({ name: "of two nodes" }),
  });
  const { id, key } = (await made.json()) as { id: string; key: string };
  const asked = async (url: string, headers: Record<string, string>): Promise<number> =>
    (await fetch(`${url}/api/v1/app`, { headers })).status;
  const authorization = `Bearer ${key}`;
  expect(await asked(one.url, { authorization })).toBe(200);
  const revoked = await fetch(`${two.url}/api/v1/api-key/${id}`, {
    method: "DELETE",
    headers: session,
  });
  expect(revoked.status).toBe(204);
  // Sooner than the five seconds for which a node remembers a key.
  await expect
    .poll(() => asked(one.url, { authorization }), { timeout: 3_000, interval: 20 })
    .toBe(401);
  expect(await asked(one.url, session)).toBe(200);
  const out = await fetch(`${two.url}/api/v1/dashboard/logout`, {
    method: "POST",
    headers: session,
  });
  expect(out.status).toBe(204);
  expect(await asked(one.url, session)).toBe(401);
  await Promise.all([one.stop(), two.stop()]);
  await database.drop();
});
