import type { Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";

import {
  answering,
  expectResponse,
  loopbackSender,
  post,
  rawServer,
  receiver,
} from "../../test/support/loopback.ts";

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

describe("what is sent", () => {
  test("body bytes, header order and letter case as given", async () => {
    const hook = await receiver();
    const body = Buffer.from([0x7b, 0xff, 0x00, 0x7d]);
    const headers = { "X-Tenant": "a", "svix-id": "msg_1", Authorization: "Basic eA==" };
    const url = `${hook.url}/a%00b/%zz?q=%F0%9F%94%8B`;
    const result = await loopbackSender().send({ url, headers, body, timeoutMs: 5_000 });
    expect(expectResponse(result).status).toBe(200);
    const seen = await hook.nth(1);
    expect([seen.method, seen.url]).toEqual(["POST", "/a%00b/%zz?q=%F0%9F%94%8B"]);
    expect(seen.body.equals(body)).toBe(true);
    expect(seen.rawHeaders).toEqual([
      "host",
      `127.0.0.1:${hook.port}`,
      "connection",
      "keep-alive",
      "X-Tenant",
      "a",
      "svix-id",
      "msg_1",
      "Authorization",
      "Basic eA==",
      "content-length",
      "4",
    ]);
  });

  test("an empty body, with its length", async () => {
    const hook = await receiver();
    await loopbackSender().send(post(hook.port, { body: Buffer.alloc(0) }));
    expect((await hook.nth(1)).headers["content-length"]).toBe("0");
  });

  test.each(["ftp://127.0.0.1/", "nonsense", "http://u:p@127.0.0.1/", ""])(
    "the URL %j is an invalid_url",
    async (url) => {
      const result = await loopbackSender().send({ ...post(1), url });
      expect(result).toMatchObject({ kind: "error", code: "invalid_url" });
    },
  );

  test("a header that would split the request is refused before anything is sent", async () => {
    const hook = await receiver();
    const sender = loopbackSender();
    const result = await sender.send(post(hook.port, { headers: { "x-a": "b\r\nx-c: d" } }));
    expect(result).toMatchObject({ kind: "error", code: "invalid_header" });
    expect(expectResponse(await sender.send(post(hook.port))).status).toBe(200);
    expect(hook.requests.length).toBe(1);
  });

  test("a value that comes again is remembered, and says nothing about the next one", async () => {
    const hook = await receiver();
    const sender = loopbackSender();
    const values = ["b", "b", "b", "c", "c", "b"];
    for (const value of values) await sender.send(post(hook.port, { headers: { "x-a": value } }));
    const split = { headers: { "x-a": "b\r\nx-c: d" } };
    const refused = await sender.send(post(hook.port, split));
    expect(refused).toMatchObject({ kind: "error", code: "invalid_header" });
    expect(await sender.send(post(hook.port, split))).toEqual(refused);
    await sender.send(post(hook.port, { headers: { "x-a": "b", "x-b": "b" } }));
    const seen = hook.requests.map(({ headers }) => [
      headers["x-a"],
      headers["x-b"],
      headers["x-c"],
    ]);
    const sent = [...values.map((value) => [value, undefined]), ["b", "b"]];
    expect(seen).toEqual(sent.map((pair) => [...pair, undefined]));
  });
});

describe("what is kept of an answer", () => {
  test("status, headers as received, the two that steer retries, body and duration", async () => {
    const lines = [
      "X-Reason: caf\u00e9",
      "Retry-After: 120",
      "Webhook-Delivery: abort-message",
      "Set-Cookie: a",
      "Set-Cookie: b",
      "Content-Length: 4",
    ];
    const answer = ["HTTP/1.1 503 No", ...lines, "", "busy"].join("\r\n");
    const hook = await rawServer(answering(answer));
    const result = expectResponse(await loopbackSender().send(post(hook.port)));
    expect(result).toMatchObject({ status: 503, truncated: false });
    expect(result.headers).toEqual({ retryAfter: "120", webhookDelivery: "abort-message" });
    expect(result.responseHeaders.split("\n")).toEqual(lines);
    expect(Buffer.from(result.body).toString()).toBe("busy");
    expect(result.durationMs).toBeGreaterThan(0);
  });

  test.each([
    [16_384, 16_384, false, 1],
    [16_385, 16_384, true, 1],
    [60_000, 16_384, true, 1],
    [1_000_000, 16_384, true, 2],
  ])(
    "of a body of %i bytes %i are kept, truncated %s; a second request makes %i connections",
    async (length, kept, truncated, connections) => {
      const body = Buffer.alloc(length, "abc");
      const hook = await receiver(() => ({ body }));
      const sender = loopbackSender({ connectionsPerOrigin: 1 });
      const result = expectResponse(await sender.send(post(hook.port)));
      expect(Buffer.from(result.body).equals(body.subarray(0, kept))).toBe(true);
      expect(result.truncated).toBe(truncated);
      expectResponse(await sender.send(post(hook.port)));
      expect(hook.connections()).toBe(connections);
    },
  );

  test("bodies without end are cut, and their sockets destroyed", async () => {
    const flood = Buffer.alloc(65_536, "x");
    const pump = (socket: Socket): void => {
      while (socket.write(flood));
      socket.once("drain", () => pump(socket));
    };
    const hook = await rawServer(answering("HTTP/1.1 200 OK\r\n\r\n", pump));
    const sender = loopbackSender();
    const sends = Array.from({ length: 20 }, () => sender.send(post(hook.port)));
    for (const result of await Promise.all(sends)) {
      expect(result).toMatchObject({ kind: "response", status: 200, truncated: true });
    }
    await hook.allClosed();
  });

  test("compressed bodies stay compressed, however many codings they claim", async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    const codings = Array.from({ length: 2_000 }, () => "gzip").join(",");
    const hook = await receiver(() => ({ headers: { "content-encoding": codings }, body: bomb }));
    const result = expectResponse(await loopbackSender().send(post(hook.port)));
    expect(Buffer.from(result.body).equals(bomb.subarray(0, 16_384))).toBe(true);
  });

  test("a redirect is an answer and is not followed", async () => {
    const elsewhere = await receiver();
    const location = `${elsewhere.url}/secret`;
    const statuses = [301, 302, 307, 308];
    const hook = await receiver();
    hook.script(...statuses.map((status) => ({ status, headers: { location } })));
    const sender = loopbackSender();
    for (const status of statuses) {
      expect(expectResponse(await sender.send(post(hook.port))).status).toBe(status);
    }
    expect(elsewhere.connections()).toBe(0);
  });

  test("interim answers are skipped, as long as they are few", async () => {
    const early = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
    const hook = await rawServer(answering(early.repeat(3) + OK));
    expect(expectResponse(await loopbackSender().send(post(hook.port))).status).toBe(200);
  });
});
