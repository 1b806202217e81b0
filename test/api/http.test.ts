/** The server beneath both APIs: what is not a good request, and what everyone may ask. */
import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const MIB = 1_048_576;
const json = { "content-type": "application/json" };

describe("bodies", () => {
  const post = (body: unknown, headers: Record<string, string> = {}): ReturnType<World["call"]> =>
    world.call("POST", "/api/v1/app", { body, headers });

  test.each([
    ["text/plain", 415],
    ["multipart/form-data; boundary=x", 415],
    ["application/x-www-form-urlencoded", 415],
    ["nonsense", 415],
    ["application/json; charset=utf-8", 201],
    ["APPLICATION/JSON", 201],
  ])("content type %s is answered %d", async (type, status) => {
    const answer = await post('{"name":"x"}', { "content-type": type });
    expect(answer.status).toBe(status);
    expect(answer.headers["content-type"]).toBe("application/json");
  });

  test("without a content type a body is refused", async () => {
    const response = await world.app.inject({
      method: "POST",
      url: "/api/v1/app",
      headers: { authorization: `Bearer ${world.sandboxKey}`, "content-length": "12" },
      payload: Buffer.from('{"name":"x"}'),
    });
    expect(response.statusCode).toBe(415);
    expect(response.json()).toMatchObject({ code: "unsupported_media_type" });
  });

  test.each(["gzip", "br", "deflate", "x-unknown"])("content encoding %s is 415", async (name) => {
    const answer = await post('{"name":"x"}', { ...json, "content-encoding": name });
    expect([answer.status, answer.body.code]).toEqual([415, "unsupported_media_type"]);
  });

  test("a body of exactly the limit passes, one byte more is 413", async () => {
    const app = await world.application();
    const message = (bytes: number): string => {
      const frame = '{"eventType":"big","payload":{"x":""}}';
      return frame.replace('""', `"${"x".repeat(bytes - frame.length)}"`);
    };
    const send = (body: string): ReturnType<World["call"]> =>
      world.call("POST", `/api/v1/app/${app}/msg?with_content=false`, { body });
    expect((await send(message(MIB))).status).toBe(202);
    const over = await send(message(MIB + 1));
    expect([over.status, over.body.code]).toEqual([413, "payload_too_large"]);
  });

  test("an operation without a body needs none, and tolerates its content type", async () => {
    const app = await world.application();
    const answer = await world.call("DELETE", `/api/v1/app/${app}`, { headers: json });
    expect([answer.status, answer.text]).toEqual([204, ""]);
  });
});

describe("paths and methods", () => {
  test.each([
    ["GET", "/api/v1/nothing", 404],
    ["GET", "/api/v2/app", 404],
    ["GET", "/nothing", 404],
    ["GET", "//api/v1/app", 404],
    ["GET", "/api/v1/app/a%2Fb", 404],
    ["GET", "/api/v1/app/%00", 404],
    ["GET", "/api/v1/app/%f0%9f%92%a9", 404],
    ["GET", `/api/v1/app/${"x".repeat(257)}/endpoint`, 404],
    ["GET", "/api/v1/app/%zz", 400],
    ["POST", "/api/v1/app/default", 405],
    ["DELETE", "/api/v1/health", 405],
    ["TRACE", "/api/v1/app", 405],
    ["PUT", "/", 405],
  ])("%s %s is %d, in JSON", async (method, path, status) => {
    const answer = await world.call(method, path);
    expect(answer.status).toBe(status);
    expect(answer.headers["content-type"]).toMatch(/^application\/json/);
    const webhookShape = expect.objectContaining({ code: expect.any(String) });
    const batteryShape = expect.objectContaining({ success: false });
    expect(answer.body).toEqual(path.startsWith("/api/") ? webhookShape : batteryShape);
  });

  test("405 says what is possible", async () => {
    const answer = await world.call("POST", "/api/v1/app/default");
    expect(answer.headers["allow"]).toBe("DELETE, GET, HEAD, PATCH, PUT");
  });

  test("trailing slashes are ignored", async () => {
    expect((await world.call("GET", "/api/v1/app/")).status).toBe(200);
    expect((await world.call("GET", "/api/v1/app/default/")).body.uid).toBe("default");
    const made = await world.call("POST", "/api/v1/app/", { body: { name: "slash" } });
    expect(made.status).toBe(201);
  });
});

describe("for everyone", () => {
  test("health, ping and the description need no key and answer HEAD too", async () => {
    const health = await world.call("GET", "/api/v1/health", { key: null });
    expect([health.status, health.body]).toEqual([
      200,
      { database: { status: "ok" }, clock: { status: "ok" } },
    ]);
    const ping = await world.call("GET", "/api/v1/health/ping", { key: null });
    expect([ping.status, ping.text]).toEqual([204, ""]);
    const described = await world.call("GET", "/api/v1/openapi.json", { key: null });
    expect(described.status).toBe(200);
    expect(described.headers["content-type"]).toBe("application/json");
    expect(described.body.openapi).toBe("3.1.0");
    for (const path of ["/api/v1/health", "/api/v1/health/ping", "/api/v1/openapi.json"]) {
      const head = await world.call("HEAD", path, { key: null });
      expect(head.status, path).toBeLessThan(300);
      expect(head.text).toBe("");
    }
  });

  test("an unwell database is told, and answered 503 elsewhere", async () => {
    const { storage } = world.node;
    const { before } = storage;
    storage.before = (name) => {
      if (!["ping", "list-applications-ascending"].includes(name)) return;
      throw Object.assign(new Error("the database is shutting down"), { code: "57P01" });
    };
    world.clock.aheadMs += 1_000;
    const health = await world.call("GET", "/api/v1/health", { key: null });
    world.clock.aheadMs += 1_000;
    const list = await world.call("GET", "/api/v1/app");
    storage.before = before;
    expect(health.status).toBe(503);
    expect(health.body.database).toMatchObject({ status: "error" });
    expect([list.status, list.body.code]).toEqual([503, "unavailable"]);
    expect(list.headers["retry-after"]).toBe("1");
  });

  test("a bug is 500 without its reason", async () => {
    const { storage } = world.node;
    const { before } = storage;
    storage.before = (name) => {
      if (name === "list-applications-ascending") throw new Error("secret detail");
    };
    const answer = await world.call("GET", "/api/v1/app");
    storage.before = before;
    expect([answer.status, answer.body.code]).toEqual([500, "server_error"]);
    expect(answer.text).not.toContain("secret detail");
  });

  test("the page at / is static, names the server and runs no script", async () => {
    const page = await world.call("GET", "/", { key: null, headers: { host: "amps.test:8080" } });
    expect(page.status).toBe(200);
    expect(page.headers["content-security-policy"]).toContain("default-src 'none'");
    expect(page.text).toContain("0.0.0-test");
    expect(page.text).toContain("http://amps.test:8080/battery");
    expect(page.text).toContain("/api/v1/openapi.json");
    expect(page.text).not.toMatch(/<script|style=|\{\{/);
    const evil = await world.call("GET", "/", { headers: { host: '"><script>' } });
    expect(evil.text).not.toContain("<script>");
    const style = await world.call("GET", "/landing.css", { key: null });
    expect(style.headers["content-type"]).toBe("text/css; charset=utf-8");
  });

  test("browsers on any origin may ask, with any header", async () => {
    const preflight = await world.call("OPTIONS", "/api/v1/app", {
      key: null,
      headers: {
        origin: "https://portal.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,idempotency-key",
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers).toMatchObject({
      "access-control-allow-origin": "*",
      "access-control-allow-headers": "authorization,idempotency-key",
      "access-control-max-age": "600",
    });
    const refused = await world.call("GET", "/api/v1/app", { key: null });
    expect(refused.headers["access-control-allow-origin"]).toBe("*");
    const page = await world.call("GET", "/", { key: null });
    expect(page.headers["access-control-allow-origin"]).toBeUndefined();
  });
});

describe("what is not HTTP", () => {
  async function raw(text: string): Promise<string> {
    const { port } = new URL(await world.listen());
    const socket = connect(Number(port), "127.0.0.1");
    socket.on("error", () => undefined);
    let answer = "";
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
    socket.write(text);
    await once(socket, "close");
    return answer;
  }

  test.each([
    ["nonsense", 400, "HELLO\r\n\r\n"],
    ["both lengths", 400, "Content-Length: 4\r\nTransfer-Encoding: chunked"],
    ["folded header", 400, "X-A: 1\r\n 2"],
    ["16 KiB of headers", 431, `X-Big: ${"x".repeat(17_000)}`],
  ])("%s is %d and closed, in JSON", async (_name, status, lines) => {
    const head = lines.includes("\r\n\r\n")
      ? lines
      : `POST /api/v1/app HTTP/1.1\r\nHost: x\r\n${lines}\r\n\r\n`;
    const answer = await raw(head);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    const body: unknown = JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4));
    expect(body).toMatchObject({ code: expect.any(String), detail: expect.any(String) });
  });

  const keyed = (): string => `Host: x\r\nAuthorization: Bearer ${world.sandboxKey}\r\n`;

  test("dots in a path lead nowhere else", async () => {
    const answer = await raw(
      `GET /api/v1/../v1/app HTTP/1.1\r\n${keyed()}Connection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
  });

  test("an idempotency key sent twice is 400", async () => {
    const answer = await raw(
      `POST /api/v1/app HTTP/1.1\r\n${keyed()}Connection: close\r\nIdempotency-Key: a\r\n` +
        'Idempotency-Key: b\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{"name":"x"}',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain("idempotency.malformed");
  });

  test("a body longer than the limit, without a length, is 413", async () => {
    const chunk = "x".repeat(65_536);
    const chunks = `10000\r\n${chunk}\r\n`.repeat(17);
    const answer = await raw(
      `POST /api/v1/app HTTP/1.1\r\n${keyed()}` +
        `Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });
});
