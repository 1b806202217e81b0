/** Who may do what: keys, read-only keys, and that environments do not see each other. */
import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NOT_IMPLEMENTED } from "../../src/api/not-implemented.ts";
import { type Route } from "../../src/api/route-table.ts";
import { routesOf } from "../../src/api/server.ts";
import { sql } from "../support/factories.ts";
import { World } from "./world.ts";

let world: World;
let readKey: string;

async function addKey(key: string, scope: string): Promise<void> {
  await sql(
    world.node.storage,
    `INSERT INTO api_key (key_hash, environment_id, name, scope, hint)
     VALUES ($1, $2, 'test', $3, 'hint')`,
    [createHash("sha256").update(key).digest(), world.environments.sandbox.environmentId, scope],
  );
}

/** Routes of the webhook API that need a key, without those that answer 501. */
function keyedRoutes(): Route[] {
  const missing = new Set(Object.keys(NOT_IMPLEMENTED).flatMap((path) => [path, `${path}/*`]));
  return routesOf(world.app).routes.filter(
    ({ url, method, config }) =>
      url.startsWith("/api/v1/") &&
      method !== "HEAD" &&
      config?.access !== "none" &&
      !missing.has(url.slice("/api/v1".length)),
  );
}

beforeAll(async () => {
  world = await World.open();
  readKey = `sk_test_${randomBytes(24).toString("hex")}`;
  await addKey(readKey, "read");
});
afterAll(() => world.close());

describe("keys", () => {
  const unknown = `sk_test_${"u".repeat(32)}`;
  const bad: [string, Record<string, string>][] = [
    ["unknown", { authorization: `Bearer ${unknown}` }],
    ["malformed", { authorization: "Bearer not-a-key" }],
    ["another scheme", { authorization: "Basic dXNlcjpwYXNz" }],
    ["empty", { authorization: "Bearer " }],
    ["unknown in x-api-key", { "x-api-key": unknown }],
    ["with a zero byte's worth of junk", { "x-api-key": "sk_test_\u00e9" }],
  ];

  test.each(bad)("%s is 401, always with the same body", async (_name, headers) => {
    const answer = await world.call("GET", "/api/v1/app", { key: null, headers });
    expect(answer.status).toBe(401);
    expect(answer.body).toEqual({ code: "authentication_failed", detail: "Invalid token" });
  });

  test("no key is 401 and says how to send one; a key in the query string is none", async () => {
    for (const path of ["/api/v1/app", `/api/v1/app?api_key=${world.sandboxKey}`]) {
      const answer = await world.call("GET", path, { key: null });
      expect(answer.status).toBe(401);
      expect(answer.body).toMatchObject({
        code: "authentication_failed",
        detail: expect.stringContaining("Authorization"),
      });
    }
  });

  test("both headers carry a key; two different ones do not agree", async () => {
    const list = (headers: Record<string, string>): ReturnType<World["call"]> =>
      world.call("GET", "/api/v1/app", { key: null, headers });
    const { sandboxKey, liveKey } = world;
    const bearer = { authorization: `bearer ${sandboxKey}` };
    expect((await list(bearer)).status).toBe(200);
    expect((await list({ "x-api-key": sandboxKey })).status).toBe(200);
    expect((await list({ ...bearer, "x-api-key": sandboxKey })).status).toBe(200);
    expect((await list({ ...bearer, "x-api-key": liveKey })).status).toBe(401);
  });

  test("a revoked key is refused where it was not just used", async () => {
    const key = `sk_test_${randomBytes(24).toString("hex")}`;
    await addKey(key, "full");
    await sql(world.node.storage, "UPDATE api_key SET revoked_at = now() WHERE key_hash = $1", [
      createHash("sha256").update(key).digest(),
    ]);
    expect((await world.call("GET", "/api/v1/app", { key })).status).toBe(401);
  });

  test("every route wants a key, and wants it before it reads the body", async () => {
    const routes = keyedRoutes();
    expect(routes.length).toBeGreaterThan(30);
    for (const { method, url } of routes) {
      const answer = await world.call(method, url.replaceAll(/:\w+/g, "x"), { key: null });
      expect(answer.status, `${method} ${url}`).toBe(401);
    }
    const unread = await world.call("POST", "/api/v1/app", { key: null, body: "{" });
    expect(unread.status).toBe(401);
  });
});

test("a read-only key reads, but writes nothing and sees no secret", async () => {
  for (const { method, url } of keyedRoutes()) {
    const path = url.replaceAll(/:\w+/g, "x");
    const answer = await world.call(method, path, { key: readKey });
    const forbidden = method !== "GET" || /\/(?:secret|api-key)$/.test(url);
    const expected = forbidden ? [403, "insufficient access"] : [answer.status, answer.body.code];
    expect([answer.status, answer.body.code], `${method} ${url}`).toEqual(expected);
    expect(answer.status === 403, `${method} ${url}`).toBe(forbidden);
  }
  expect((await world.call("GET", "/api/v1/app/default", { key: readKey })).status).toBe(200);
});

const SINCE = { since: new Date(Date.now() - 3_600_000).toISOString() };

describe("environments", () => {
  const bodies: Record<string, unknown> = {
    "PATCH /api/v1/app/:appId": { name: "taken over" },
    "POST /api/v1/app/:appId/endpoint": { url: "https://example.com/" },
    "PATCH /api/v1/app/:appId/endpoint/:endpointId": { description: "taken over" },
    "POST /api/v1/app/:appId/endpoint/:endpointId/secret/rotate": {},
    "PUT /api/v1/app/:appId/endpoint/:endpointId/headers": { headers: {} },
    "PATCH /api/v1/app/:appId/endpoint/:endpointId/headers": { headers: {} },
    "POST /api/v1/app/:appId/endpoint/:endpointId/send-example": { eventType: "push.completed" },
    "POST /api/v1/app/:appId/endpoint/:endpointId/recover": SINCE,
    "POST /api/v1/app/:appId/endpoint/:endpointId/replay-missing": SINCE,
    "POST /api/v1/app/:appId/endpoint/:endpointId/bulk-replay": SINCE,
    "POST /api/v1/app/:appId/msg/bulk-expunge": {},
    "POST /api/v1/app/:appId/msg/precheck/active": { eventType: "x" },
    "PATCH /api/v1/operational-webhook/endpoint/:endpointId": { description: "taken over" },
    "POST /api/v1/operational-webhook/endpoint/:endpointId/secret/rotate": {},
    "PUT /api/v1/operational-webhook/endpoint/:endpointId/headers": { headers: {} },
    "PATCH /api/v1/operational-webhook/endpoint/:endpointId/headers": { headers: {} },
    "POST /api/v1/app/:appId/endpoint/check": { url: "https://receiver.example.com/" },
    "POST /api/v1/app/:appId/issue/:issueId/resolve": {},
    "POST /api/v1/app/:appId/endpoint/:endpointId/enable": {},
    "POST /api/v1/app/:appId/msg": { eventType: "x", payload: {} },
    "POST /api/v1/auth/app-portal-access/:appId": {},
    "POST /api/v1/auth/app/:appId/expire-all": {},
    "PATCH /api/v1/event-type/:eventTypeName": { description: "taken over" },
  };
  /** These create what is not there, in the caller's own environment. */
  const creates = new Set([
    "PUT /api/v1/app/:appId",
    "PUT /api/v1/event-type/:eventTypeName",
    "PUT /api/v1/operational-webhook/endpoint/:endpointId",
    "PUT /api/v1/app/:appId/endpoint/:endpointId",
  ]);

  test("another environment's ids are 404 on every route, and nothing there changes", async () => {
    const appId = await world.application({ uid: "sandboxed" });
    const endpointId = await world.endpoint(appId);
    const msgId = await world.message(appId);
    const attempts = await world.attempts(appId, msgId, 1);
    const attemptId = String(attempts.body.data[0].id);
    await world.call("POST", "/api/v1/event-type", {
      body: { name: "sandbox.only", description: "d" },
    });
    const ids: Record<string, string> = {
      appId,
      endpointId,
      msgId,
      attemptId,
      eventTypeName: "sandbox.only",
    };
    const fill = (url: string): string =>
      url.replaceAll(/:(\w+)/g, (_all, name: string) => ids[name] ?? "missing");
    const routes = keyedRoutes().filter(({ url }) => url.includes(":"));
    expect(routes.length).toBeGreaterThan(25);
    for (const { method, url } of routes) {
      const route = `${method} ${url}`;
      if (creates.has(route)) continue;
      const body = bodies[route];
      const answer = await world.call(method, fill(url), {
        key: world.liveKey,
        ...(body !== undefined && { body }),
      });
      expect([answer.status, answer.body.code], route).toEqual([404, "not_found"]);
      // The same with the caller's own application around it.
      if (!url.startsWith("/api/v1/app/:appId/")) continue;
      const own = url.replace(":appId", "default");
      if (!own.includes(":")) continue;
      const inside = await world.call(method, fill(own), {
        key: world.liveKey,
        ...(body !== undefined && { body }),
      });
      expect(inside.status, `${method} ${own}`).toBe(404);
    }
    const kept = await world.call("GET", `/api/v1/app/${appId}/endpoint/${endpointId}`);
    expect(kept.body).toMatchObject({ description: "" });
    expect((await world.call("GET", `/api/v1/app/${appId}/msg/${msgId}`)).body.payload).toEqual({
      n: 1,
    });
  });

  test("both have a default application of their own, and the same uid means two things", async () => {
    const get = async (key: string): Promise<string> =>
      String((await world.call("GET", "/api/v1/app/default", { key })).body.id);
    expect(await get(world.sandboxKey)).toBe(world.environments.sandbox.defaultApplicationId);
    expect(await get(world.liveKey)).toBe(world.environments.live.defaultApplicationId);
    const made = [world.sandboxKey, world.liveKey].map((key) =>
      world.call("POST", "/api/v1/app", { key, body: { name: "x", uid: "both" } }),
    );
    expect((await Promise.all(made)).map(({ status }) => status)).toEqual([201, 201]);
  });

  test("a foreign iterator is only a position in the caller's own list", async () => {
    const foreign = await world.application();
    const answer = await world.call("GET", `/api/v1/app?iterator=${foreign}&order=descending`, {
      key: world.liveKey,
    });
    expect(answer.status).toBe(200);
    for (const { id } of answer.body.data) expect(id).not.toBe(foreign);
  });

  test("one idempotency key is two in two environments", async () => {
    const send = (key: string): ReturnType<World["call"]> =>
      world.call("POST", "/api/v1/app", {
        key,
        body: { name: "same" },
        headers: { "idempotency-key": "shared" },
      });
    const [one, two] = [await send(world.sandboxKey), await send(world.liveKey)];
    expect(one.body.id).not.toBe(two.body.id);
  });
});
