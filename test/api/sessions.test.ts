/** Logging in to the dashboard, and what a session may do in the place of a key. */
import { createHash, randomBytes as random } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeLoginLink, Sessions } from "../../src/api/dashboard/sessions.ts";
import { pruneLogins } from "../../src/storage/dashboard/prune-logins.ts";
import { addDevice } from "../battery/battery-node.ts";
import { sql } from "../support/factories.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { ADMIN_PASSWORD, type Answer, PUBLIC_URL, World } from "./world.ts";

const LOGIN = "/api/v1/dashboard/login";
const SESSION = "/api/v1/dashboard/session";
const LOGOUT = "/api/v1/dashboard/logout";
const ORIGIN = new URL(PUBLIC_URL).origin;

let world: World;
beforeAll(async () => {
  world = await World.open({ battery: true });
});
afterAll(() => world.close());

type Headers = Record<string, string>;
const as = (headers: Headers, method: string, path: string, body?: unknown): Promise<Answer> =>
  world.call(method, path, { key: null, headers, ...(body !== undefined && { body }) });
const login = (body: unknown, headers: Headers = {}): Promise<Answer> =>
  as(headers, "POST", LOGIN, body);

function cookieOf(answer: Answer): string {
  return String(answer.headers["set-cookie"]).split(";")[0] ?? "";
}

async function link(): Promise<string> {
  return await makeLoginLink(world.node.storage, random, PUBLIC_URL);
}
const tokenOf = (url: string): string => url.slice(url.indexOf("#token=") + 7);
const without = (headers: Headers, name: string): Headers =>
  Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));

describe("logging in", () => {
  test("by password gives a cookie out of reach of scripts, and a token for writes", async () => {
    const answer = await login({ password: ADMIN_PASSWORD }, { origin: ORIGIN });
    expect(answer.status).toBe(200);
    const cookie = String(answer.headers["set-cookie"]);
    expect(cookie).toMatch(/^__Host-amps-session=[\w-]{43}; Path=\/; Max-Age=604800; /);
    expect(cookie).toMatch(/; HttpOnly; SameSite=Lax; Secure$/);
    const session = await as({ cookie: cookieOf(answer) }, "GET", SESSION);
    expect(session.status).toBe(200);
    const { sandbox, live } = world.environments;
    expect(session.body).toMatchObject({
      csrfToken: answer.body.csrfToken,
      version: "0.0.0-test",
      environments: [
        {
          id: sandbox.environmentId,
          mode: "sandbox",
          defaultApplicationId: sandbox.defaultApplicationId,
        },
        { id: live.environmentId, mode: "live", defaultApplicationId: live.defaultApplicationId },
      ],
    });
    const days = (Date.parse(session.body.expiresAt) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(6.9);
    expect(days).toBeLessThanOrEqual(7);
  });

  test("by a link works once, within the hour", async () => {
    const url = await link();
    expect(url).toMatch(/^https:\/\/amps\.example\/base\/dashboard\/login#token=[\w-]{43}$/);
    const token = tokenOf(url);
    expect((await login({ token })).status).toBe(200);
    const again = await login({ token });
    expect([again.status, again.body.code]).toEqual([401, "authentication_failed"]);
    const late = tokenOf(await link());
    await sql(world.node.storage, "UPDATE login_link SET expires_at = now() - interval '1 second'");
    expect((await login({ token: late })).status).toBe(401);
  });

  test("is refused alike whatever is wrong, and gives nothing", async () => {
    const answers = [
      await login({ password: "wrong" }),
      await login({ password: `${ADMIN_PASSWORD} ` }),
      await login({ token: "wrong" }),
    ];
    for (const answer of answers) {
      expect([answer.status, answer.text]).toEqual([401, answers[0]?.text]);
      expect(answer.headers["set-cookie"]).toBeUndefined();
    }
    for (const body of [{}, { password: "a", token: "b" }, { password: 1 }, { password: "" }]) {
      expect((await login(body)).status).toBe(422);
    }
  });

  test("from a page of another origin, port or site is 403 with the right password too", async () => {
    for (const headers of [
      { origin: "https://evil.example" },
      { origin: "null" },
      { origin: `${ORIGIN}:8443` },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site", origin: ORIGIN },
    ] as Headers[]) {
      const answer = await login({ password: ADMIN_PASSWORD }, headers);
      expect([answer.status, answer.body.code]).toEqual([403, "insufficient access"]);
      expect(answer.headers["set-cookie"]).toBeUndefined();
    }
  });

  test("begins a new session and ends the browser's former one", async () => {
    const first = cookieOf(await login({ token: tokenOf(await link()) }));
    const second = cookieOf(await login({ token: tokenOf(await link()) }, { cookie: first }));
    expect(second).not.toBe(first);
    expect((await as({ cookie: first }, "GET", SESSION)).status).toBe(401);
    expect((await as({ cookie: second }, "GET", SESSION)).status).toBe(200);
  });

  test("stores digests only", async () => {
    const token = tokenOf(await link());
    const { cookie = "" } = await world.logIn();
    const value = cookie.split("=")[1] ?? "";
    const [stored] = await sql<{ links: string; sessions: string }>(
      world.node.storage,
      `SELECT (SELECT string_agg(l::text, ' ') FROM login_link l) AS links,
         (SELECT string_agg(s::text, ' ') FROM dashboard_session s) AS sessions`,
    );
    const hash = (text: string): string => createHash("sha256").update(text).digest("hex");
    expect(stored?.links).toContain(hash(token));
    expect(stored?.sessions).toMatch(/[0-9a-f]{64}/);
    expect(stored?.sessions).not.toContain(hash(value));
    expect(JSON.stringify(stored)).not.toContain(token);
    expect(JSON.stringify(stored)).not.toContain(value);
  });
});

describe("guessing", () => {
  const guess = (sessions: Sessions, password: string, address: string): Promise<unknown> =>
    sessions
      .login({ password }, { headers: {}, address })
      .then((answer) => (answer.ok ? "in" : answer.reason));

  test("is 429 from the 11th in a minute on, and harms nobody who is in or has a link", async () => {
    const { storage } = world.node;
    const clock = createManualClock();
    const options = { storage, clock, random, password: ADMIN_PASSWORD };
    const sessions = new Sessions({ ...options, publicUrl: () => PUBLIC_URL });
    for (let n = 0; n < 10; n += 1) expect(await guess(sessions, "x", "192.0.2.1")).toBe("wrong");
    const address = "192.0.2.1";
    expect(await sessions.login({ password: "x" }, { headers: {}, address })).toEqual({
      ok: false,
      reason: "limited",
      retryAfterSeconds: 6,
    });
    // Not told whether it was right.
    expect(await guess(sessions, ADMIN_PASSWORD, address)).toBe("limited");
    expect(await guess(sessions, ADMIN_PASSWORD, "192.0.2.2")).toBe("in");
    const token = tokenOf(await link());
    expect(await sessions.login({ token }, { headers: {}, address })).toMatchObject({ ok: true });
    clock.advance(6_000);
    expect(await guess(sessions, ADMIN_PASSWORD, address)).toBe("in");
    // From many addresses: the account has its own limit.
    clock.advance(60_000);
    for (let n = 0; n < 60; n += 1) {
      expect(await guess(sessions, "x", `198.51.100.${n}`)).toBe("wrong");
    }
    expect(await guess(sessions, ADMIN_PASSWORD, "203.0.113.1")).toBe("limited");
    clock.advance(1_000);
    expect(await guess(sessions, ADMIN_PASSWORD, "203.0.113.1")).toBe("in");
  });

  test("is answered with 429 and when to come back", async () => {
    const own = await World.open();
    let refused = await own.call("GET", LOGIN);
    // At most as many as the limit leaves while this runs.
    for (let n = 0; n < 40 && refused.status !== 429; n += 1) {
      refused = await own.call("POST", LOGIN, { key: null, body: { token: "x" } });
      if (n < 10) expect(refused.status).toBe(401);
    }
    expect([refused.status, refused.body.code]).toEqual([429, "rate_limited"]);
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
    expect(Number(refused.headers["retry-after"])).toBeLessThanOrEqual(6);
    await own.close();
  });

  test("nothing is right where no password is set", async () => {
    const none = new Sessions({
      storage: world.node.storage,
      clock: world.clock,
      random,
      password: undefined,
      publicUrl: () => PUBLIC_URL,
    });
    const from = { headers: {}, address: "192.0.2.9" };
    for (const password of ["", "undefined", ADMIN_PASSWORD]) {
      expect(await none.login({ password }, from)).toEqual({ ok: false, reason: "wrong" });
    }
  });
});

describe("a session", () => {
  let session: Headers;
  beforeAll(async () => {
    session = await world.logIn();
  });

  test("acts in the environment that the request names, on both APIs", async () => {
    const name = "made by a session";
    const made = await as({ ...session, origin: ORIGIN }, "POST", "/api/v1/app", { name });
    expect(made.status).toBe(201);
    const path = `/api/v1/app/${made.body.id}`;
    expect((await as(session, "GET", path)).status).toBe(200);
    expect((await as({ ...session, "amps-environment": "live" }, "GET", path)).status).toBe(404);
    const { deviceId } = await addDevice(
      world.node.storage,
      world.environments.sandbox.environmentId,
    );
    const batteries = await as(session, "GET", "/battery");
    expect([batteries.status, batteries.body.meta.environment]).toEqual([200, "sandbox"]);
    const body = { action: { command: "idle" } };
    expect((await as(session, "POST", `/battery/${deviceId}`, body)).status).toBe(202);
    const secret = await world.endpoint(made.body.id);
    expect((await as(session, "GET", `${path}/endpoint/${secret}/secret`)).status).toBe(200);
  });

  test.each([
    ["no token against forged requests", (all: Headers) => without(all, "amps-csrf-token")],
    ["a wrong one", (all: Headers) => ({ ...all, "amps-csrf-token": "x".repeat(43) })],
    ["the origin of another site", (all: Headers) => ({ ...all, origin: "https://evil.example" })],
    ["another port of this host", (all: Headers) => ({ ...all, origin: `${ORIGIN}:1234` })],
    ["a page of another site", (all: Headers) => ({ ...all, "sec-fetch-site": "same-site" })],
  ])("with %s writes nothing: 403 on both APIs", async (_name, change) => {
    const headers = change(session);
    const made = await as(headers, "POST", "/api/v1/app", { name: "forged", uid: "forged" });
    expect([made.status, made.body.code]).toEqual([403, "insufficient access"]);
    expect((await world.call("GET", "/api/v1/app/forged")).status).toBe(404);
    const pushed = await as(headers, "POST", "/battery/dev_1", { action: { command: "idle" } });
    expect([pushed.status, pushed.body.error.code]).toEqual([403, "INSUFFICIENT_PERMISSIONS"]);
    const out = await as(headers, "POST", LOGOUT);
    expect(out.status).toBeGreaterThanOrEqual(401);
    expect((await as(session, "GET", SESSION)).status).toBe(200);
  });

  test("another session's token against forged requests is worth nothing", async () => {
    const other = await world.logIn();
    const mixed = { ...session, "amps-csrf-token": other["amps-csrf-token"] ?? "" };
    expect((await as(mixed, "POST", "/api/v1/app", { name: "mixed" })).status).toBe(403);
  });

  test("must name an environment", async () => {
    for (const named of [undefined, "", "Sandbox", "production"]) {
      const bare = without(session, "amps-environment");
      const headers = named === undefined ? bare : { ...bare, "amps-environment": named };
      const answer = await as(headers, "GET", "/api/v1/app");
      expect([answer.status, answer.body.code]).toEqual([400, "bad_request"]);
      expect(answer.body.detail).toContain("sandbox or live");
      const battery = await as(headers, "GET", "/battery");
      expect([battery.status, battery.body.error.code]).toEqual([400, "INVALID_REQUEST"]);
    }
    const bare = without(session, "amps-environment");
    const named = await as(bare, "GET", "/api/v1/app?environment=live");
    expect(named.status).toBe(400);
  });

  test("and a key together are refused; a cookie alone does not get in a key's way", async () => {
    const { sandboxKey: key } = world;
    const both = await world.call("GET", "/api/v1/app", { key, headers: session });
    expect([both.status, both.body.code]).toEqual([400, "bad_request"]);
    expect(both.body.detail).toContain("not both");
    const { cookie = "" } = session;
    expect((await world.call("GET", "/api/v1/app", { key, headers: { cookie } })).status).toBe(200);
    const named = { "amps-environment": "sandbox" };
    expect((await as(named, "GET", "/api/v1/app")).status).toBe(401);
    expect((await as(named, "GET", "/battery")).body.error.code).toBe("UNAUTHORIZED");
  });

  test("sent twice, changed or invented is nobody's", async () => {
    const { cookie = "" } = session;
    for (const sent of [
      `${cookie}; ${cookie.replace(/.$/, "A")}`,
      cookie.replace("__Host-", ""),
      `${cookie.slice(0, -4)}AAAA`,
      "__Host-amps-session=",
      "__Host-amps-session=%00",
    ]) {
      expect((await as({ ...session, cookie: sent }, "GET", "/api/v1/app")).status, sent).toBe(401);
      expect((await as({ cookie: sent }, "GET", SESSION)).status, sent).toBe(401);
    }
    const beside = { ...session, cookie: `theme=dark; ${cookie}; other=1` };
    expect((await as(beside, "GET", "/api/v1/app")).status).toBe(200);
  });

  test("ends after 12 hours without use, after 7 days in any case, and by logout at once", async () => {
    const age = (column: string, value: string): Promise<unknown> =>
      sql(
        world.node.storage,
        `UPDATE dashboard_session SET ${column} = now() - interval '${value}'`,
      );
    const idle = await world.logIn();
    await age("used_at", "11 hours 59 minutes");
    expect((await as(idle, "GET", "/api/v1/app")).status).toBe(200);
    const [used] = await sql<{ fresh: boolean }>(
      world.node.storage,
      "SELECT bool_or(used_at > now() - interval '1 minute') AS fresh FROM dashboard_session",
    );
    expect(used?.fresh).toBe(true);
    await age("used_at", "12 hours");
    expect((await as(idle, "GET", "/api/v1/app")).status).toBe(401);
    const old = await world.logIn();
    await age("expires_at", "1 second");
    expect((await as(old, "GET", "/api/v1/app")).status).toBe(401);
    const left = await world.logIn();
    const out = await as(left, "POST", LOGOUT);
    expect(out.status).toBe(204);
    expect(String(out.headers["set-cookie"])).toMatch(
      /^__Host-amps-session=; Path=\/; Max-Age=0; /,
    );
    expect((await as(left, "GET", "/api/v1/app")).status).toBe(401);
    expect((await as(left, "GET", "/battery")).status).toBe(401);
    session = await world.logIn();
  });

  test("ends when the operator changes the password, and holds on nodes that have the same", async () => {
    const { storage } = world.node;
    const node = (password: string | undefined): Sessions =>
      new Sessions({ storage, clock: world.clock, random, password, publicUrl: () => PUBLIC_URL });
    const { cookie = "" } = session;
    expect(await node(ADMIN_PASSWORD).find({ cookie })).toBeDefined();
    expect(await node("another password").find({ cookie })).toBeUndefined();
    expect(await node(undefined).find({ cookie })).toBeUndefined();
  });

  test("and a link are forgotten once they have expired, not before", async () => {
    const { storage } = world.node;
    const [used, kept] = [await world.logIn(), await world.logIn()];
    const url = await link();
    await sql(storage, "UPDATE dashboard_session SET expires_at = now() - interval '1 second'");
    const { cookie = "" } = await world.logIn();
    await sql(
      storage,
      "INSERT INTO login_link (token_hash, expires_at) VALUES ('x', now() - interval '1 second')",
    );
    await pruneLogins(storage, Date.now());
    const [count] = await sql<{ sessions: number; expired: number }>(
      storage,
      `SELECT (SELECT count(*)::int FROM dashboard_session) AS sessions,
         (SELECT count(*)::int FROM login_link WHERE token_hash = 'x') AS expired`,
    );
    expect(count).toEqual({ sessions: 1, expired: 0 });
    expect([used["cookie"], kept["cookie"]]).not.toContain(cookie);
    expect((await as({ cookie }, "GET", SESSION)).status).toBe(200);
    expect((await login({ token: tokenOf(url) })).status).toBe(200);
    session = await world.logIn();
  });

  test("over plain http has a plain cookie", async () => {
    const plain = new Sessions({
      storage: world.node.storage,
      clock: world.clock,
      random,
      password: ADMIN_PASSWORD,
      publicUrl: () => "http://127.0.0.1:8071",
    });
    const host = "localhost:8071";
    const headers = { host, origin: `http://${host}` };
    const answer = await plain.login({ password: ADMIN_PASSWORD }, { headers, address: "::1" });
    if (!answer.ok) throw new Error(answer.reason);
    expect(answer.cookie).toMatch(/^amps-session=[\w-]{43}; Path=\/; .*SameSite=Lax$/);
    const cookie = answer.cookie.split(";")[0] ?? "";
    expect((await plain.find({ cookie }))?.csrfToken).toBe(answer.csrfToken);
  });
});
