/** How much one caller may ask, and what every answer says to browsers. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ENDPOINTS_MAX } from "../../src/storage/endpoints/create-endpoint.ts";
import { sql } from "../support/factories.ts";
import { type Answer, World } from "./world.ts";

const RATE = 20;
let world: World;
let limited: World;

beforeAll(async () => {
  world = await World.open({ battery: true });
  const hour = 3_600_000;
  limited = await World.open({
    battery: true,
    limits: { perKey: { count: RATE, perMs: hour }, failures: { count: 10, perMs: hour } },
  });
});
afterAll(async () => {
  await world.close();
  await limited.close();
});

const randomKey = (): string => `sk_test_${randomBytes(24).toString("hex")}`;

async function times(count: number, ask: () => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let index = 0; index < count; index += 1) answers.push(await ask());
  return answers;
}
const statuses = (answers: Answer[]): number[] => [...new Set(answers.map(({ status }) => status))];

describe("the rate of a key", () => {
  test("is refused beyond it in the shape of each API, says when to come back, and touches no other", async () => {
    const list = (key?: string): Promise<Answer> =>
      limited.call("GET", "/api/v1/app", key === undefined ? {} : { key });
    const access = await limited.call("POST", "/api/v1/auth/app-portal-access/default", {
      body: {},
    });
    const portal = String(access.body.token);
    expect(statuses(await times(RATE - 1, list))).toEqual([200]);
    const refused = await list();
    expect([refused.status, refused.body.code]).toEqual([429, "rate_limited"]);
    // One comes back each 180 s.
    const seconds = Number(refused.headers["retry-after"]);
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(3_600 / RATE);
    const battery = await limited.call("GET", "/battery");
    expect([battery.status, battery.body.error.code]).toEqual([429, "RATE_LIMIT_EXCEEDED"]);
    expect(battery.headers["retry-after"]).toBe(
      String(battery.body.error.details.retryAfterSeconds),
    );
    expect((await list(limited.liveKey)).status).toBe(200);
    // A portal has a share of its own, for all its tokens together.
    const own = (): Promise<Answer> => limited.call("GET", "/api/v1/app/default", { key: portal });
    expect(statuses(await times(RATE, own))).toEqual([200]);
    expect((await own()).status).toBe(429);
    expect((await limited.call("GET", "/api/v1/health", { key: null })).status).toBe(200);
  });
});

describe("bad keys from one address", () => {
  test("are 429 after some, of any number; a good key and no key are not", async () => {
    const bad = await times(12, () => limited.call("GET", "/battery", { key: randomKey() }));
    expect(bad.map(({ status }) => status)).toEqual([...Array(10).fill(401), 429, 429]);
    expect(bad.at(-1)?.body.error.code).toBe("RATE_LIMIT_EXCEEDED");
    const webhook = await limited.call("GET", "/api/v1/app", { key: "a.b.c" });
    expect([webhook.status, webhook.body.code]).toEqual([429, "rate_limited"]);
    expect(Number(webhook.headers["retry-after"])).toBeGreaterThan(0);
    const good = await limited.call("GET", "/api/v1/app/default", { key: limited.liveKey });
    expect(good.status).toBe(200);
    expect((await limited.call("GET", "/api/v1/app", { key: null })).status).toBe(401);
  });

  test("of another address are counted for themselves", async () => {
    const from = async (remoteAddress: string): Promise<number> => {
      const headers = { authorization: `Bearer ${randomKey()}` };
      const url = "/api/v1/app";
      return (await limited.app.inject({ method: "GET", url, headers, remoteAddress })).statusCode;
    };
    for (let index = 0; index < 10; index += 1) await from("2001:db8:1:1::1");
    expect(await from("2001:db8:1:1:ffff::2")).toBe(429);
    expect(await from("2001:db8:1:2::1")).toBe(401);
    expect(await from("::ffff:127.0.0.1")).toBe(429);
    expect(await from("127.0.0.2")).toBe(401);
  });
});

test("an application has at most so many endpoints: one more is 409 limit.endpoints", async () => {
  const appId = await world.application();
  await sql(
    world.node.storage,
    `INSERT INTO endpoint (application_id, endpoint_id, environment_id, bucket, url)
     SELECT $1, 'ep_' || n, $2, 1, '' FROM generate_series(1, $3::int) n`,
    [appId, world.environments.sandbox.environmentId, ENDPOINTS_MAX],
  );
  const answer = await world.call("POST", `/api/v1/app/${appId}/endpoint`, {
    body: { url: "http://127.0.0.1:9999/" },
  });
  expect([answer.status, answer.body.code]).toEqual([409, "limit.endpoints"]);
});

describe("every answer", () => {
  const asked: [string, string, string, object][] = [
    ["200", "GET", "/api/v1/app", {}],
    ["200 of the battery API", "GET", "/battery", {}],
    ["204", "GET", "/api/v1/health/ping", {}],
    ["400 before a route", "GET", "/api/v1/app/%zz", {}],
    ["401", "GET", "/api/v1/app", { key: null }],
    ["401 of the battery API", "GET", "/battery", { key: null }],
    ["404", "GET", "/nothing", {}],
    ["405", "PUT", "/api/v1/health", {}],
    ["415", "POST", "/api/v1/app", { body: "x", headers: { "content-type": "text/plain" } }],
    ["422", "POST", "/api/v1/app", { body: {} }],
    ["501", "GET", "/api/v1/connector", {}],
    ["a page", "GET", "/", { key: null }],
    ["a style sheet", "GET", "/landing.css", { key: null }],
    ["the API page", "GET", "/docs", { key: null }],
    ["a preflight", "OPTIONS", "/api/v1/app", { key: null }],
  ];

  test.each(asked)(
    "%s is not sniffed, framed or run, and names no program",
    async (_name, method, path, options) => {
      const { headers } = await world.call(method, path, options);
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["referrer-policy"]).toBe("no-referrer");
      expect(headers["content-security-policy"]).toContain("default-src 'none'");
      expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
      expect(headers["content-security-policy"]).not.toContain("unsafe");
      // The public URL of this server is https.
      expect(headers["strict-transport-security"]).toMatch(/^max-age=\d+$/);
      expect(headers["cache-control"]).toBe("no-store");
      expect(headers["server"] ?? headers["x-powered-by"]).toBeUndefined();
      expect(headers["set-cookie"]).toBeUndefined();
    },
  );

  test("to what is not HTTP says the same", async () => {
    const { port } = new URL(await world.listen());
    const socket = connect(Number(port), "127.0.0.1");
    socket.on("error", () => undefined);
    let answer = "";
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
    socket.write("HELLO\r\n\r\n");
    await once(socket, "close");
    expect(answer).toContain("x-content-type-options: nosniff\r\n");
    expect(answer).not.toMatch(/^server:/im);
  });
});

describe("browsers on any origin", () => {
  test.each(["GET", "POST", "PUT", "PATCH", "DELETE"])(
    "may ask to %s, with the headers they name",
    async (method) => {
      const { status, headers } = await world.call("OPTIONS", "/api/v1/app/x/endpoint/y", {
        key: null,
        headers: {
          origin: "https://portal.example",
          "access-control-request-method": method,
          "access-control-request-headers": "authorization,content-type,x-anything",
        },
      });
      expect(status).toBe(204);
      expect(headers["access-control-allow-origin"]).toBe("*");
      expect(String(headers["access-control-allow-methods"])).toContain(method);
      expect(headers["access-control-allow-headers"]).toBe("authorization,content-type,x-anything");
      expect(headers["access-control-max-age"]).toBe("600");
      // No cookies: what a browser would send by itself opens nothing.
      expect(headers["access-control-allow-credentials"]).toBeUndefined();
    },
  );

  test("may read refusals and when to come back", async () => {
    for (const path of ["/api/v1/app", "/api/v1/nothing", "/api/v1/app/%zz"]) {
      const { headers } = await world.call("GET", path, { key: null });
      expect(headers["access-control-allow-origin"]).toBe("*");
      expect(headers["access-control-expose-headers"]).toContain("retry-after");
    }
  });

  test("may not ask the battery API", async () => {
    const { headers } = await world.call("GET", "/battery", { headers: { origin: "https://a.b" } });
    expect(headers["access-control-allow-origin"]).toBeUndefined();
  });
});
