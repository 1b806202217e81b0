/**
 * No secret gets out. A real server that logs everything is driven through success and failure with planted
 * secrets; then its output, its refusals, all its response headers and everything in its database are
 * searched for them, raw, in hex and in base64.
 */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeLoginLink } from "../../src/api/dashboard/sessions.ts";
import { formatPrivateKey } from "../../src/core/signing-secret.ts";
import { canary, findCanaries } from "../support/canaries.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { failToStart, type ServerProcess, startServerProcess } from "../support/server-process.ts";
import { openStorage } from "../support/test-node.ts";

const whsec = (): string => `whsec_${randomBytes(32).toString("base64")}`;
const secrets: Record<string, string> = {
  sandboxKey: `sk_test_${canary()}`,
  liveKey: `sk_live_${canary()}`,
  wrongKey: `sk_test_${canary()}`,
  masterKey: randomBytes(32).toString("base64"),
  oldMasterKey: randomBytes(32).toString("base64"),
  jwtSecret: canary(),
  adminPassword: canary(),
  wrongPassword: canary(),
  wrongToken: canary(),
  endpointSecret: whsec(),
  rotatedSecret: whsec(),
  privateKey: formatPrivateKey(randomBytes(32)),
  rotatedPrivateKey: formatPrivateKey(randomBytes(32)),
  refusedSecret: canary(),
  headerValue: canary(),
  changedHeader: canary(),
  refusedHeader: canary(),
  urlPassword: canary(),
  changedPassword: canary(),
  refusedPassword: canary(),
  idempotencyKey: canary(),
  pushIdempotencyKey: canary(),
};
const of = (name: string): string => secrets[name] ?? "";

let database: TestDatabase;
let dataDir: string;
let server: ServerProcess;
let receiver: Receiver;
let client: pg.Client;
const refusals: string[] = [];
const headers: string[] = [];

interface Asked {
  /** Empty: none. */
  key?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

/** Calls and keeps what must be free of secrets. */
async function ask(
  method: string,
  route: string,
  asked: Asked = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const { key = of("sandboxKey"), body } = asked;
  const response = await fetch(`${server.url}${route}`, {
    method,
    headers: {
      ...(key !== "" && { authorization: `Bearer ${key}` }),
      ...(body !== undefined && { "content-type": "application/json" }),
      ...asked.headers,
    },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  headers.push(JSON.stringify([...response.headers]));
  if (response.status >= 400) refusals.push(text);
  const parsed = text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
  return { status: response.status, body: parsed };
}

const env = (): Record<string, string> => ({
  DATABASE_URL: database.url,
  AMPS_LOG_LEVEL: "debug",
  AMPS_SANDBOX_KEY: of("sandboxKey"),
  AMPS_LIVE_KEY: of("liveKey"),
  AMPS_MASTER_KEY: of("masterKey"),
  AMPS_MASTER_KEY_OLD: of("oldMasterKey"),
  AMPS_JWT_SECRET: of("jwtSecret"),
  AMPS_ADMIN_PASSWORD: of("adminPassword"),
  AMPS_DELIVERY_TIMEOUT: "1s",
  AMPS_RETRY_SCHEDULE: "1s",
});

const APP = "/api/v1/app/default";

async function makeEndpoint(url: string, fields: object = {}): Promise<string> {
  const made = await ask("POST", `${APP}/endpoint`, {
    body: { url, headers: { authorization: of("headerValue") }, ...fields },
    headers: { "idempotency-key": of("idempotencyKey") + String(Math.random()) },
  });
  expect(made.status).toBe(201);
  return String(made.body["id"]);
}

/** Resolves once the endpoint has an attempt of its message, of any outcome. */
async function attempted(endpointId: string): Promise<void> {
  await expect
    .poll(
      async () => {
        const { body } = await ask("GET", `${APP}/attempt/endpoint/${endpointId}`);
        return (body["data"] as unknown[]).length;
      },
      { timeout: 30_000 },
    )
    .toBeGreaterThan(0);
}

async function driveDeliveries(): Promise<void> {
  const { port } = receiver;
  const withPassword = `http://user:${of("urlPassword")}@127.0.0.1:${port}`;
  const endpoints = [
    await makeEndpoint(`${withPassword}/ok`, { secret: of("endpointSecret") }),
    await makeEndpoint(`${withPassword}/signed`, { secret: of("privateKey") }),
    await makeEndpoint(`${withPassword}/broken`),
    await makeEndpoint(`${withPassword}/moved`),
    await makeEndpoint(`${withPassword}/hangs`),
    await makeEndpoint(`${withPassword}/reset`),
    await makeEndpoint(`https://user:${of("urlPassword")}@127.0.0.1:${port}/tls`),
    await makeEndpoint(`http://user:${of("urlPassword")}@127.0.0.2:${port}/refused`),
  ];
  const body = { eventType: "a.b", payload: { n: 1 } };
  const sent = { body, headers: { "idempotency-key": of("idempotencyKey") } };
  const message = await ask("POST", `${APP}/msg`, sent);
  expect(message.status).toBe(202);
  expect((await ask("POST", `${APP}/msg`, sent)).status).toBe(202);
  for (const endpointId of endpoints) await attempted(endpointId);
  const [ok = "", signed = ""] = endpoints;
  await ask("POST", `${APP}/endpoint/${signed}/secret/rotate`, {
    body: { key: of("rotatedPrivateKey") },
  });
  await ask("POST", `${APP}/msg/${String(message.body["id"])}/endpoint/${signed}/resend`);
  const endpoint = `${APP}/endpoint/${ok}`;
  await ask("POST", `${endpoint}/secret/rotate`, { body: { key: of("rotatedSecret") } });
  await ask("PATCH", `${endpoint}/headers`, {
    body: { headers: { "x-api-key": of("changedHeader") } },
  });
  const url = `http://u:${of("changedPassword")}@127.0.0.1:${port}/ok`;
  expect((await ask("PATCH", endpoint, { body: { url } })).status).toBe(200);
  await ask("POST", `${APP}/msg/${String(message.body["id"])}/endpoint/${ok}/resend`);
  await receiver.matching((request) => request.headers["x-api-key"] === of("changedHeader"));
}

async function driveRefusals(): Promise<void> {
  const expectRefused = async (...asked: Parameters<typeof ask>): Promise<void> => {
    expect((await ask(...asked)).status, `${asked[0]} ${asked[1]}`).toBeGreaterThanOrEqual(400);
  };
  const endpoint = (body: object): Promise<void> =>
    expectRefused("POST", `${APP}/endpoint`, { body });
  const url = receiver.url;
  await endpoint({ url: `http://u:${of("refusedPassword")}@10.0.0.1/` });
  await endpoint({ url: `http://u:${of("refusedPassword")}@127.0.0.1:22/` });
  await endpoint({ url: `ftp://u:${of("refusedPassword")}@127.0.0.1/` });
  await endpoint({ url: `http://u:${of("refusedPassword")}@[::1/` });
  await endpoint({ url, secret: `whsec_${of("refusedSecret")}!` });
  await endpoint({ url, secret: of("refusedSecret") });
  await endpoint({ url, secret: `${of("privateKey").slice(0, -6)}AAAA==` });
  await endpoint({ url, secret: of("privateKey"), secretType: "hmac256" });
  await endpoint({ url, headers: { host: of("refusedHeader") } });
  await endpoint({ url, headers: { "x-a": `${of("refusedHeader")}\n` } });
  await endpoint({ url, headers: { "x-a": [of("refusedHeader")] } });
  const key = of("wrongKey");
  await expectRefused("GET", APP, { key });
  await expectRefused("GET", APP, { key: of("jwtSecret") });
  await expectRefused("GET", "/battery", { key, headers: { "x-api-key": key } });
  await expectRefused("GET", `${APP}?api_key=${of("liveKey")}`, { key });
  await expectRefused("GET", `/nothing?api_key=${of("liveKey")}`);
  const idempotent = { "idempotency-key": of("idempotencyKey") };
  const other = { eventType: "a.b", payload: { n: 2 } };
  await expectRefused("POST", `${APP}/msg`, { body: other, headers: idempotent });
  await expectRefused("POST", `${APP}/msg`, {
    body: other,
    headers: { "idempotency-key": `${of("idempotencyKey")}${"x".repeat(300)}` },
  });
  await expectRefused("POST", `${APP}/endpoint`, { body: `{"secret":"${of("refusedSecret")}",` });
}

/** Passwords, links, cookies and what goes with them: the only way out for each is the answer made for it. */
async function driveDashboard(): Promise<void> {
  const storage = openStorage(database.url);
  const link = await makeLoginLink(storage, randomBytes, server.url);
  await storage.close();
  secrets["loginToken"] = link.slice(link.indexOf("=") + 1);
  const login = (body: object): Promise<Response> =>
    fetch(`${server.url}/api/v1/dashboard/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  for (const body of [{ password: of("wrongPassword") }, { token: of("wrongToken") }]) {
    const refused = await login(body);
    expect(refused.status).toBe(401);
    refusals.push(await refused.text());
  }
  for (const [name, body] of [
    ["passwordSession", { password: of("adminPassword") }],
    ["linkSession", { token: of("loginToken") }],
  ] as const) {
    const answer = await login(body);
    expect(answer.status).toBe(200);
    const cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? "";
    secrets[name] = cookie.split("=")[1] ?? "";
    const { csrfToken } = (await answer.json()) as { csrfToken: string };
    secrets[`${name}Csrf`] = csrfToken;
    const headers = { cookie, "amps-environment": "sandbox", "amps-csrf-token": csrfToken };
    const session = { key: "", headers };
    expect((await ask("GET", "/api/v1/app", session)).status).toBe(200);
    await ask("GET", `/nothing?token=${of("loginToken")}`, session);
    expect((await ask("PATCH", APP, { ...session, body: { metadata: {} } })).status).toBe(200);
    expect((await ask("GET", "/battery", session)).status).toBe(200);
    expect((await ask("GET", APP, { headers })).status).toBe(400);
  }
}

async function driveBatteries(): Promise<void> {
  const { body } = await ask("GET", "/battery");
  const [battery] = body["data"] as { deviceId: string }[];
  const push = (command: string): ReturnType<typeof ask> =>
    ask("POST", `/battery/${battery?.deviceId}`, {
      body: { action: { command } },
      headers: { "idempotency-key": of("pushIdempotencyKey") },
    });
  expect((await push("idle")).status).toBe(202);
  expect((await push("idle")).status).toBe(202);
  expect((await push("charge")).status).toBe(422);
}

/** Kept answers, and errors with whole connections on them. */
async function driveOutage(): Promise<void> {
  const asked = Array.from({ length: 40 }, (_, n) =>
    ask("PATCH", APP, { body: { metadata: { n: String(n) } } }),
  );
  await client.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );
  await Promise.all(asked);
  await expect
    .poll(async () => (await ask("GET", "/api/v1/health")).status, { timeout: 30_000 })
    .toBe(200);
}

/** Every row of every table, as text; bytes in hex. */
async function dump(): Promise<string> {
  const tables = await client.query<{ name: string }>(
    `SELECT quote_ident(relname) AS name FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`,
  );
  let text = "";
  for (const { name } of tables.rows) {
    const { rows } = await client.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
    text += rows.map(({ row }) => row).join("\n");
  }
  expect(text).toContain("a.b");
  return text;
}

beforeAll(async () => {
  database = await createTestDatabase();
  client = new pg.Client({ connectionString: database.url, application_name: "test" });
  await client.connect();
  dataDir = await mkdtemp(path.join(tmpdir(), "amps-canaries-"));
  receiver = await startReceiver(({ url }) => {
    if (url === "/broken") return { status: 500 };
    if (url === "/moved") return { status: 302, headers: { location: "http://127.0.0.1:9/" } };
    if (url === "/hangs") return { hang: true };
    return url === "/reset" ? { reset: true } : {};
  });
  server = await startServerProcess({ dataDir, env: env() });
}, 60_000);

afterAll(async () => {
  await server.stop();
  await receiver.close();
  await client.end();
  await rm(dataDir, { recursive: true, force: true });
  await database.drop();
});

describe("a search", () => {
  test.each<[string, (secret: string) => string]>([
    ["as it is", (secret) => `a ${secret} b`],
    ["in capital hex", (secret) => Buffer.from(secret).toString("hex").toUpperCase()],
    ["in base64", (secret) => Buffer.from(secret).toString("base64")],
    ["in base64 behind one byte", (secret) => Buffer.from(`u${secret}`).toString("base64")],
    ["in base64url behind two", (secret) => Buffer.from(`u:${secret}:z`).toString("base64url")],
  ])("finds a secret %s", (_name, write) => {
    for (const [name, secret] of Object.entries(secrets)) {
      expect(findCanaries(write(secret), secrets)).toContain(name);
    }
    expect(findCanaries("nothing of interest", secrets)).toEqual([]);
  });
});

test("no secret gets out, whatever happens", async () => {
  await driveDeliveries();
  await driveRefusals();
  await driveBatteries();
  // The way out for a token is its answer, and no other.
  const access = await ask("POST", "/api/v1/auth/app-portal-access/default", {
    body: {},
    headers: { "idempotency-key": of("idempotencyKey") },
  });
  secrets["portalToken"] = String(access.body["token"]);
  await ask("GET", APP, { key: of("portalToken") });
  await ask("GET", "/api/v1/app", { key: of("portalToken") });
  await driveDashboard();
  await driveOutage();

  const wrong = { ...env(), AMPS_MASTER_KEY: of("oldMasterKey"), AMPS_MASTER_KEY_OLD: "" };
  const refusedStart = await failToStart({ dataDir, env: wrong });
  const badOptions = await failToStart({
    dataDir,
    env: { ...env(), AMPS_MASTER_KEY: of("jwtSecret"), AMPS_SANDBOX_KEY: of("adminPassword") },
  });
  expect(refusedStart.output).toContain("fingerprint");
  expect(badOptions.output).toContain("AMPS_SANDBOX_KEY");

  expect(server.output()).toContain('"msg":"request"');
  expect(server.output()).toContain("57P01");
  expect(refusals.length).toBeGreaterThan(15);
  expect({
    output: findCanaries(server.output(), secrets),
    starts: findCanaries(refusedStart.output + badOptions.output, secrets),
    refusals: findCanaries(refusals.join("\n"), secrets),
    headers: findCanaries(headers.join("\n"), secrets),
    database: findCanaries(await dump(), secrets),
  }).toEqual({ output: [], starts: [], refusals: [], headers: [], database: [] });
}, 120_000);
