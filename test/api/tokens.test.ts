/** Tokens beside API keys: every outcome of `svix-api.md` §2. */
import { execFile } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import path from "node:path";
import { promisify } from "node:util";
import { Svix } from "svix";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signToken } from "../../src/api/tokens/jwt.ts";
import { pairKey, secretKey } from "../../src/api/tokens/token-key.ts";
import { Tokens } from "../../src/api/tokens/tokens.ts";
import { systemClock } from "../../src/clock.ts";
import { type Answer, JWT_SECRET, World } from "./world.ts";

let world: World;
const signingKey = secretKey("HS256", Buffer.from(JWT_SECRET));
const tokens = new Tokens({ keys: [signingKey] }, systemClock);
let appId: string;
let otherAppId: string;

beforeAll(async () => {
  world = await World.open();
  appId = await world.application({ uid: "portal-app" });
  otherAppId = await world.application({ uid: "other-app" });
});
afterAll(() => world.close());

const seconds = (): number => Math.floor(Date.now() / 1_000);
const sign = (claims: object): string => signToken(signingKey, { exp: seconds() + 60, ...claims });

async function open(body: object = {}, id = appId): Promise<string> {
  const answer = await world.call("POST", `/api/v1/auth/app-portal-access/${id}`, { body });
  if (answer.status !== 200) throw new Error(answer.text);
  return String(answer.body.token);
}

function get(key: string, path = `/api/v1/app/${appId}`): Promise<Answer> {
  return world.call("GET", path, { key });
}

describe("an organisation token", () => {
  test("is worth a full key of its environment, by id or by name", async () => {
    const { environmentId } = world.environments.live;
    for (const name of [environmentId, "org_live"]) {
      const answer = await get(tokens.mintOrganisation(name), "/api/v1/app/default");
      expect(answer.body.id).toBe(world.environments.live.defaultApplicationId);
    }
    const made = await world.call("POST", "/api/v1/app", {
      key: tokens.mintOrganisation("org_sandbox"),
      body: { name: "by token" },
    });
    expect(made.status).toBe(201);
  });

  test("is printed by `npm run token`, which says how it is used", async () => {
    const run = (...args: string[]): Promise<{ stdout: string }> =>
      promisify(execFile)(process.execPath, ["scripts/token.ts", ...args], {
        cwd: path.resolve(import.meta.dirname, "../.."),
        env: { PATH: process.env["PATH"], AMPS_JWT_SECRET: JWT_SECRET },
      });
    const { stdout } = await run("live");
    const answer = await get(stdout.trim(), "/api/v1/app/default");
    expect(answer.body.id).toBe(world.environments.live.defaultApplicationId);
    await expect(run()).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Usage"),
    });
    await expect(run("live", "--port", "x")).rejects.toMatchObject({
      stderr: expect.stringContaining("AMPS_PORT"),
    });
  });

  test("works with the official client", async () => {
    const serverUrl = await world.listen();
    const client = new Svix(tokens.mintOrganisation("org_sandbox"), { serverUrl });
    expect((await client.application.get("default")).uid).toBe("default");
    const access = await client.authentication.appPortalAccess("portal-app", {});
    const portal = new Svix(access.token, { serverUrl });
    expect((await portal.endpoint.list("portal-app")).data).toEqual([]);
    await portal.authentication.logout();
    await expect(portal.endpoint.list("portal-app")).rejects.toMatchObject({ code: 401 });
  });

  test("of an organisation that is not here is 401 and says which are", async () => {
    const answer = await get(tokens.mintOrganisation("org_23rb8YdGqMT0qIzpgGwdXfHirMu"));
    expect(answer.status).toBe(401);
    expect(answer.body.detail).toContain("org_sandbox");
  });
});

describe("a token that is refused", () => {
  const org = { org: "org_1", sub: "app_1" };

  test.each<[string, () => string, number, string, string]>([
    ["is malformed", () => "a.b.c", 401, "authentication_failed", "Invalid token"],
    [
      "was signed by another",
      () => signToken(secretKey("HS256", randomBytes(32)), { sub: "org_1", exp: seconds() + 60 }),
      401,
      "authentication_failed",
      "Invalid token",
    ],
    [
      "has expired",
      () => sign({ sub: "org_1", exp: seconds() - 1 }),
      401,
      "authentication_failed",
      "Invalid token",
    ],
    ["is the secret itself", () => JWT_SECRET, 401, "authentication_failed", "not a token"],
    ["has no sub", () => sign({}), 401, "authentication_failed", "sub"],
    ["has org and no sub", () => sign({ org: "org_1" }), 401, "authentication_failed", "sub"],
    ["has a sub of a wrong kind", () => sign({ sub: "app_1" }), 400, "bad_token", "org_"],
    [
      "is of an application with a wrong sub",
      () => sign({ ...org, sub: "ep_1" }),
      400,
      "bad token",
      "app_",
    ],
    [
      "is of an application with a wrong org",
      () => sign({ ...org, org: "x" }),
      400,
      "bad_token",
      "org_",
    ],
    [
      "is of an application that is nobody's",
      () => sign(org),
      401,
      "authentication_failed",
      "Invalid token",
    ],
  ])("because it %s", async (_name, make, status, code, detail) => {
    const answer = await get(make());
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.body.detail).toContain(detail);
    expect(answer.text).not.toContain(JWT_SECRET);
  });

  test("is of an application in the other environment", async () => {
    const { environmentId } = world.environments.live;
    const token = sign({ org: environmentId, sub: appId, iat: seconds() });
    expect((await get(token)).status).toBe(401);
  });
});

describe("an application token", () => {
  test("is 403 on what is the organisation's, 404 on another application's", async () => {
    const key = await open();
    const forbidden = [
      ["GET", "/api/v1/app"],
      ["POST", "/api/v1/app"],
      ["PUT", `/api/v1/app/${appId}`],
      ["PATCH", `/api/v1/app/${appId}`],
      ["DELETE", `/api/v1/app/${appId}`],
      ["POST", `/api/v1/app/${appId}/msg`],
      ["DELETE", `/api/v1/app/${appId}/msg/msg_1/content`],
      ["DELETE", `/api/v1/app/${appId}/msg/msg_1/attempt/atmpt_1/content`],
      ["POST", `/api/v1/app/${appId}/endpoint/ep_1/send-example`],
      ["POST", "/api/v1/event-type"],
      ["PUT", "/api/v1/event-type/a"],
      ["PATCH", "/api/v1/event-type/a"],
      ["DELETE", "/api/v1/event-type/a"],
      ["POST", `/api/v1/auth/app-portal-access/${appId}`],
      ["POST", `/api/v1/auth/dashboard-access/${appId}`],
      ["POST", `/api/v1/auth/app/${appId}/expire-all`],
      ["POST", "/api/v1/admin/redrive-dlq"],
    ] as const;
    for (const [method, path] of forbidden) {
      const answer = await world.call(method, path, { key, body: {} });
      expect([path, answer.status, answer.body.code]).toEqual([path, 403, "insufficient access"]);
    }
    for (const id of [otherAppId, "other-app", "default", "nobody"]) {
      const answer = await get(key, `/api/v1/app/${id}/endpoint`);
      expect([id, answer.status, answer.body.code]).toEqual([id, 404, "not_found"]);
    }
  });

  test("does what a portal does, by id and by uid", async () => {
    const key = await open();
    const endpointId = await world.endpoint(appId);
    const messageId = await world.message(appId);
    await world.attempts(appId, messageId, 1);
    const base = "/api/v1/app/portal-app";
    const endpoint = `${base}/endpoint/${endpointId}`;
    const allowed: [string, string, object | undefined, number][] = [
      ["GET", base, undefined, 200],
      ["GET", `${base}/endpoint`, undefined, 200],
      ["POST", `${base}/endpoint`, { url: "http://127.0.0.1:9999/portal" }, 201],
      ["PATCH", endpoint, { description: "mine" }, 200],
      ["GET", `${endpoint}/secret`, undefined, 200],
      ["POST", `${endpoint}/secret/rotate`, {}, 204],
      ["PATCH", `${endpoint}/headers`, { headers: { "x-a": "1" } }, 204],
      ["GET", `${endpoint}/headers`, undefined, 200],
      ["GET", `${base}/msg`, undefined, 200],
      ["GET", `${base}/msg/${messageId}`, undefined, 200],
      ["GET", `${base}/attempt/msg/${messageId}`, undefined, 200],
      ["GET", `${base}/attempt/endpoint/${endpointId}`, undefined, 200],
      ["POST", `${base}/msg/${messageId}/endpoint/${endpointId}/resend`, undefined, 202],
      ["DELETE", endpoint, undefined, 204],
    ];
    for (const [method, path, body, status] of allowed) {
      const answer = await world.call(method, path, { key, ...(body && { body }) });
      expect([method, path, answer.status]).toEqual([method, path, status]);
    }
  });

  test("does only what its capabilities say", async () => {
    const endpointId = await world.endpoint(appId);
    const endpoint = `/api/v1/app/${appId}/endpoint/${endpointId}`;
    const statuses = async (key: string): Promise<number[]> => [
      (await get(key, endpoint)).status,
      (await get(key, `${endpoint}/secret`)).status,
      (await world.call("PATCH", endpoint, { key, body: { description: "x" } })).status,
      (await world.call("POST", `${endpoint}/secret/rotate`, { key, body: {} })).status,
    ];
    const of = (capabilities: string[]): Promise<string> => open({ capabilities });
    expect(await statuses(await of(["ViewBase"]))).toEqual([200, 403, 403, 403]);
    expect(await statuses(await open({ readOnly: true }))).toEqual([200, 403, 403, 403]);
    expect(await statuses(await of([]))).toEqual([403, 403, 403, 403]);
    const view = await of(["ViewBase", "ViewEndpointSecret"]);
    expect(await statuses(view)).toEqual([200, 200, 403, 403]);
    const manage = await of(["ViewBase", "ManageEndpoint"]);
    expect(await statuses(manage)).toEqual([200, 403, 200, 403]);
    expect(await statuses(await of(["ManageEndpointSecret"]))).toEqual([403, 403, 403, 204]);
  });

  test("sees event types whose flags it holds, and can ask for no others", async () => {
    for (const [name, featureFlags] of [
      ["flag.none", null],
      ["flag.a", ["a"]],
      ["flag.ab", ["a", "b"]],
    ] as const) {
      const body = { name, description: "d", featureFlags };
      await world.call("POST", "/api/v1/event-type", { body });
    }
    const seen = async (key: string): Promise<string[]> => {
      const { body } = await get(key, "/api/v1/event-type?limit=250");
      const names = (body.data as { name: string }[]).map(({ name }) => name);
      return names.filter((name) => name.startsWith("flag."));
    };
    const key = await open({ featureFlags: ["a"] });
    expect(await seen(world.sandboxKey)).toEqual(["flag.a", "flag.ab", "flag.none"]);
    expect(await seen(await open())).toEqual(["flag.none"]);
    expect(await seen(key)).toEqual(["flag.a", "flag.none"]);
    expect((await get(key, "/api/v1/event-type/flag.a")).status).toBe(200);
    expect((await get(key, "/api/v1/event-type/flag.ab")).status).toBe(404);
    const ask = (eventType: string): Promise<Answer> =>
      world.call("POST", `/api/v1/app/${appId}/endpoint`, {
        key,
        body: { url: "http://127.0.0.1:9999/", eventTypes: [eventType] },
      });
    expect((await ask("flag.a")).status).toBe(201);
    const [hidden, absent] = [await ask("flag.ab"), await ask("flag.zz")];
    expect([hidden.status, absent.status]).toEqual([422, 422]);
    expect(hidden.text.replace("flag.ab", "flag.zz")).toBe(absent.text);
  });

  test("finds no answer that was given to another caller's idempotency key", async () => {
    const send = (key: string): Promise<Answer> =>
      world.call("POST", `/api/v1/app/${appId}/endpoint`, {
        key,
        body: { url: "http://127.0.0.1:9999/same" },
        headers: { "idempotency-key": "one-key" },
      });
    const [organisation, portal] = [await send(world.sandboxKey), await send(await open())];
    expect(portal.status).toBe(201);
    expect(portal.body.id).not.toBe(organisation.body.id);
  });

  test("ends when its application is deleted", async () => {
    const id = await world.application();
    const key = await open({}, id);
    expect((await get(key, `/api/v1/app/${id}`)).status).toBe(200);
    await world.call("DELETE", `/api/v1/app/${id}`);
    expect((await get(key, `/api/v1/app/${id}`)).status).toBe(401);
  });
});

describe("a server that has only the public key of its tokens", () => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const issuer = pairKey("EdDSA", privateKey);
  let verifying: World;
  beforeAll(async () => {
    const tokenSettings = { jwtAlgorithm: "EdDSA", jwtKey: publicKey } as const;
    verifying = await World.open({ tokenSettings });
  });
  afterAll(() => verifying.close());

  const ask = (key: string): Promise<Answer> =>
    verifying.call("GET", "/api/v1/app/default", { key });

  test("takes tokens of whoever has the private one, and of nobody else", async () => {
    const organisation = { sub: "org_sandbox", exp: seconds() + 60 };
    expect((await ask(signToken(issuer, organisation))).status).toBe(200);
    const { environmentId, defaultApplicationId } = verifying.environments.sandbox;
    const portal = { sub: defaultApplicationId, org: environmentId, exp: seconds() + 60 };
    expect((await ask(signToken(issuer, portal))).body.id).toBe(defaultApplicationId);
    const stolen = secretKey(
      "HS256",
      Buffer.from(publicKey.export({ type: "spki", format: "pem" })),
    );
    const stranger = pairKey("EdDSA", generateKeyPairSync("ed25519").privateKey);
    for (const other of [stolen, stranger, signingKey]) {
      const answer = await ask(signToken(other, organisation));
      expect(answer.status).toBe(401);
      expect(answer.body.detail).toBe("Invalid token");
    }
  });

  test("makes none: opening a portal is a clear 501", async () => {
    const path = "/api/v1/auth/app-portal-access/default";
    const answer = await verifying.call("POST", path, { body: {} });
    expect(answer.status).toBe(501);
    expect(answer.body.detail).toContain("AMPS_JWT_KEY");
  });
});
