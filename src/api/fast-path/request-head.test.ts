/** Nothing may be understood by the fast path that Node's HTTP server understands in another way. */
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fastRoute } from "../../../test/support/fast-route.ts";
import { type FastRequest, RequestReader } from "./request-head.ts";

const BODY = '{"eventType":"a.b","payload":{}}';
const PATH = "/api/v1/app/default/msg";
const OTHER = fastRoute(/^\/battery\/([\w.-]+)$/);
const ROUTE = fastRoute(/^\/api\/v1\/app\/([\w.-]{1,256})\/msg(?:\?with_content=(true|false))?$/);
const ROUTES = [OTHER, ROUTE];

interface Spelling {
  line?: string;
  headers?: string[];
  body?: string;
}

const PLAIN = [
  "host: amps.example",
  "authorization: Bearer sk_test_x",
  "content-type: application/json",
  `content-length: ${BODY.length}`,
];

function requestOf({ line, headers = PLAIN, body = BODY }: Spelling): Buffer {
  const head = [line ?? `POST ${PATH} HTTP/1.1`, ...headers].join("\r\n");
  return Buffer.from(`${head}\r\n\r\n${body}`, "latin1");
}

function read(data: Buffer): FastRequest | undefined {
  const request = new RequestReader(ROUTES).read(data);
  if (request === "part") throw new Error("The request is not whole.");
  return request;
}

function withHeader(...lines: string[]): Buffer {
  const names = lines.map((line) => line.slice(0, line.indexOf(":") + 1).toLowerCase());
  const others = PLAIN.filter((line) => !names.some((name) => line.startsWith(name)));
  return requestOf({ headers: [...others, ...lines] });
}

describe("what is read", () => {
  test("a publish as libraries send it", () => {
    const request = read(
      withHeader(
        "Connection: keep-alive",
        "Accept: */*",
        "User-Agent: svix-libs/1.84.1/javascript",
        "svix-req-id: 123",
        "Content-Type: application/json; charset=utf-8",
        "Idempotency-Key: auto_01",
      ),
    );
    expect(request?.head).toEqual({
      url: PATH,
      route: ROUTE,
      names: ["default", undefined],
      contentLength: BODY.length,
      credential: "sk_test_x",
      idempotencyKey: "auto_01",
    });
    expect(String(request?.body)).toBe(BODY);
  });

  test("the names in its target", () => {
    const url = `${PATH}?with_content=false`;
    const request = read(requestOf({ line: `POST ${url} HTTP/1.1` }));
    expect(request?.head).toMatchObject({ url, route: ROUTE, names: ["default", "false"] });
    const push = read(requestOf({ line: "POST /battery/dev_1 HTTP/1.1" }));
    expect(push?.head).toMatchObject({ route: OTHER, names: ["dev_1"] });
  });

  test("the key in x-api-key", () => {
    const headers = PLAIN.map((line) => line.replace("authorization: Bearer", "X-Api-Key:"));
    expect(read(requestOf({ headers }))?.head.credential).toBe("sk_test_x");
  });

  test("a connection's second request, of another length", () => {
    const reader = new RequestReader(ROUTES);
    const body = BODY.replace("{}", '{"a":1}');
    const headers = PLAIN.map((line) => line.replace(/\d+$/, String(body.length)));
    for (const spelling of [{}, {}, { headers, body }, {}]) {
      const request = reader.read(requestOf(spelling));
      expect(request).toMatchObject({ body: Buffer.from(spelling.body ?? BODY) });
    }
  });

  test("the first part of a publish, as one of which more is to come", () => {
    const reader = new RequestReader(ROUTES);
    expect(reader.read(requestOf({}).subarray(0, -1))).toBe("part");
    expect(reader.read(requestOf({ body: "" }))).toBe("part");
    expect(reader.read(requestOf({}))).toMatchObject({ body: Buffer.from(BODY) });
  });
});

describe("what is left to the usual way", () => {
  test.each<[string, Buffer]>([
    ["another method", requestOf({ line: `PUT ${PATH} HTTP/1.1` })],
    ["a method in small letters", requestOf({ line: `post ${PATH} HTTP/1.1` })],
    ["another path", requestOf({ line: "POST /api/v1/app HTTP/1.1" })],
    ["a path below", requestOf({ line: `POST ${PATH}/precheck HTTP/1.1` })],
    ["a slash at the end", requestOf({ line: `POST ${PATH}/ HTTP/1.1` })],
    ["another query", requestOf({ line: `POST ${PATH}?with_content=0 HTTP/1.1` })],
    ["a longer query", requestOf({ line: `POST ${PATH}?with_content=true&a=b HTTP/1.1` })],
    ["an encoded path", requestOf({ line: "POST /api/v1/app/de%66ault/msg HTTP/1.1" })],
    ["a whole URL", requestOf({ line: `POST http://amps.example${PATH} HTTP/1.1` })],
    ["HTTP/1.0", requestOf({ line: `POST ${PATH} HTTP/1.0` })],
    ["two spaces", requestOf({ line: `POST  ${PATH} HTTP/1.1` })],
    ["an empty line before", Buffer.concat([Buffer.from("\r\n"), requestOf({})])],
    ["no host", requestOf({ headers: PLAIN.slice(1) })],
    ["no key", requestOf({ headers: [PLAIN[0] ?? "", ...PLAIN.slice(2)] })],
    ["two kinds of keys", withHeader("x-api-key: sk_test_x", "authorization: Bearer sk_test_x")],
    ["another kind of authorization", withHeader("authorization: Basic c2s6")],
    ["no content type", requestOf({ headers: PLAIN.filter((line) => !line.includes("type")) })],
    ["another content type", withHeader("content-type: text/plain")],
    ["no length", requestOf({ headers: PLAIN.slice(0, 3) })],
    ["a length with a sign", withHeader(`content-length: +${BODY.length}`)],
    ["a length with a zero before", withHeader(`content-length: 0${BODY.length}`)],
    ["two lengths", requestOf({ headers: [...PLAIN, `Content-Length: ${BODY.length}`] })],
    ["lengths in one line", withHeader(`content-length: ${BODY.length}, ${BODY.length}`)],
    ["chunks", withHeader("transfer-encoding: chunked")],
    ["a coding", withHeader("content-encoding: gzip")],
    ["an expectation", withHeader("expect: 100-continue")],
    ["an upgrade", withHeader("upgrade: websocket")],
    ["the last of its connection", withHeader("connection: close")],
    ["named hop-by-hop headers", withHeader("connection: keep-alive, content-length")],
    ["a cookie", withHeader("cookie: a=b")],
    ["an origin", withHeader("origin: https://amps.example")],
    ["the dashboard's environment", withHeader("amps-environment: live")],
    ["a trace", withHeader("traceparent: 00-1-1-01")],
    ["a malformed idempotency key", withHeader("idempotency-key: ")],
    ["two idempotency keys", withHeader("idempotency-key: a", "idempotency-key: b")],
    ["a space before the colon", withHeader("host : amps.example")],
    ["no colon", requestOf({ headers: [...PLAIN, "nonsense"] })],
    ["a folded line", requestOf({ headers: [...PLAIN, "accept: a\r\n b"] })],
    ["a bare line feed", requestOf({ headers: [...PLAIN, "accept: a\nx-real-ip: b"] })],
    ["a bare carriage return", requestOf({ headers: [...PLAIN, "accept: a\rb"] })],
    ["a zero byte", withHeader("accept: \0")],
    ["a byte beyond ASCII", withHeader("accept: \u00e9")],
    ["a long head", withHeader(`accept: ${"x".repeat(4_096)}`)],
    ["part of a head", requestOf({}).subarray(0, 40)],
    ["a large body", requestOf({ headers: PLAIN.map((line) => line.replace(/\d+$/, "65537")) })],
    ["more than one request", Buffer.concat([requestOf({}), requestOf({})])],
  ])("%s", (_what, data) => {
    expect(read(data)).toBeUndefined();
  });
});

interface Understood {
  url: string | undefined;
  headers: IncomingMessage["headers"];
  body: string;
}

describe("beside Node's HTTP server", () => {
  let understood: Promise<Understood>[] = [];
  const server = createServer((request, response) => {
    const { url, headers } = request;
    const body = text(request);
    understood.push(body.then((received) => ({ url, headers, body: received })));
    void body.then(() => response.end());
  });
  beforeAll(async () => {
    await once(server.listen(0, "127.0.0.1"), "listening");
  });
  afterAll(() => server.close());

  /** Every request that Node finds in `data`. */
  async function askNode(data: Buffer): Promise<Understood[]> {
    understood = [];
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    socket.write(data);
    await once(socket, "data");
    socket.destroy();
    return await Promise.all(understood);
  }

  const pieces = fc.constantFrom(
    "host: a",
    "Host: b:80",
    "host: \u00ff",
    "authorization: Bearer k",
    "Authorization:  bearer k ",
    "x-api-key: k",
    "content-type: application/json",
    "Content-Type: APPLICATION/JSON ;charset=UTF-8",
    `content-length: ${BODY.length}`,
    `Content-Length:\t${BODY.length} `,
    "content-length: 3",
    "content-length: 0x20",
    "transfer-encoding: chunked",
    "te: trailers",
    "connection: keep-alive",
    "Connection: close",
    "accept: */*",
    "accept:",
    "accept: a\n b",
    "accept : a",
    "accept: \u007f",
    "via: 1.1 x",
    "x-unknown: 1",
    "idempotency-key: k",
    ": a",
  );
  const spellings = fc.oneof(
    fc.array(pieces, { maxLength: 8 }),
    fc.shuffledSubarray([...PLAIN, "accept: a", "via: b"], { minLength: 3 }),
  );
  const lines = fc.constantFrom(
    `POST ${PATH} HTTP/1.1`,
    `POST ${PATH} HTTP/1.1 `,
    "POST / HTTP/1.1",
  );

  test("what both read is the same, and all of it", async () => {
    let reads = 0;
    await fc.assert(
      fc.asyncProperty(lines, spellings, async (line, headers) => {
        const data = requestOf({ line, headers });
        const request = new RequestReader(ROUTES).read(data);
        if (request === undefined || request === "part") return;
        reads += 1;
        const { head, body } = request;
        const [only, ...others] = await askNode(data);
        expect(others).toEqual([]);
        expect(only?.url).toBe(head.url);
        expect(only?.body).toBe(body.toString());
        expect(only?.headers["content-length"]).toBe(String(head.contentLength));
        const bearer = /^bearer +(\S+)$/i.exec(only?.headers.authorization ?? "")?.[1];
        expect(bearer ?? only?.headers["x-api-key"]).toBe(head.credential);
        expect(only?.headers["idempotency-key"]).toBe(head.idempotencyKey);
      }),
      { numRuns: 2_000 },
    );
    expect(reads).toBeGreaterThan(20);
  });
});
