/** The links that log in to the dashboard, as people get them: from the banner, and from the command. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
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
