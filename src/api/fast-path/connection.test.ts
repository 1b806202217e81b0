/** How long a connection is kept, and that its client is read no faster than it reads. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Answer } from "./answers.ts";
import { type ConnectionOptions, FastConnection } from "./connection.ts";
import { fastRoute } from "../../../test/support/fast-route.ts";

const BODY = "{}";
const REQUEST =
  "POST /fast HTTP/1.1\r\nhost: a\r\nx-api-key: k\r\n" +
  `content-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`;

let server: Server;
let client: Socket;
const accepted: Socket[] = [];
beforeEach(async () => {
  server = createServer({ allowHalfOpen: true });
  await once(server.listen(0, "127.0.0.1"), "listening");
});
afterEach(async () => {
  client.destroy();
  for (const socket of accepted.splice(0)) socket.destroy();
  server.close();
  await once(server, "close");
});

type Serve = (connection: FastConnection) => Promise<Answer | undefined>;

const answering =
  (serve: Serve): ConnectionOptions["serve"] =>
  (_request, connection, take) =>
    void serve(connection).then(take);

async function open(changes: Partial<ConnectionOptions>): Promise<FastConnection> {
  client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  client.on("error", () => undefined);
  const [socket] = (await once(server, "connection")) as [Socket];
  accepted.push(socket);
  return new FastConnection(socket, {
    routes: [fastRoute(/^\/fast$/)],
    serve: (_request, _connection, take) => take({ text: "answer", encoding: "latin1" }),
    handOver: (given) => given.destroy(),
    refuse: (given, code) => given.end(code),
    firstRequestMs: 3_600_000,
    keepAliveMs: 3_600_000,
    isClosing: () => false,
    onLeft: () => undefined,
    ...changes,
  });
}

test("who sends nothing is told so, but only after its time", async () => {
  const patient = await open({});
  patient.checkIdle();
  client.destroy();
  const connection = await open({ firstRequestMs: -1 });
  connection.checkIdle();
  const [said] = await once(client, "data");
  expect(String(said)).toBe("ERR_HTTP_REQUEST_TIMEOUT");
});

test("who has been answered is kept, and closed when it has been silent for too long", async () => {
  const connection = await open({ firstRequestMs: -1, keepAliveMs: 3_600_000 });
  client.write(REQUEST);
  await once(client, "data");
  connection.checkIdle();
  client.write(REQUEST);
  const [answer] = await once(client, "data");
  expect(String(answer)).toBe("answer");
  client.destroy();
  const tired = await open({ keepAliveMs: -1 });
  client.write(REQUEST);
  await once(client, "data");
  tired.checkIdle();
  await once(client, "close");
});

test("who is being answered is not idle", async () => {
  const answered = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const connection = await open({
    firstRequestMs: -1,
    serve: answering(async () => {
      begun.resolve();
      await answered.promise;
      return { text: "answer", encoding: "latin1" };
    }),
  });
  client.write(REQUEST);
  await begun.promise;
  connection.checkIdle();
  answered.resolve();
  const [answer] = await once(client, "data");
  expect(String(answer)).toBe("answer");
});

test("who does not read its answers is not served on, until it does", async () => {
  let served = 0;
  // More than the kernel holds for it.
  const large = { text: "x".repeat(20_000_000), encoding: "latin1" } as const;
  const { socket } = await open({
    serve: answering(async () => {
      served += 1;
      return large;
    }),
  });
  client.pause();
  for (let n = 0; n < 2; n += 1) {
    client.write(REQUEST);
    await once(socket, "data");
    await new Promise(setImmediate);
  }
  expect(served).toBe(1);
  let bytes = 0;
  client.on("data", (data) => {
    bytes += data.length;
    if (bytes === 2 * large.text.length) client.emit("all");
  });
  client.resume();
  await once(client, "all");
  expect(served).toBe(2);
});

test("what cannot be served goes on with every byte, what came meanwhile included", async () => {
  const decided = Promise.withResolvers<undefined>();
  const begun = Promise.withResolvers<FastConnection>();
  const given = Promise.withResolvers<Buffer>();
  await open({
    serve: answering((connection) => {
      begun.resolve(connection);
      return decided.promise;
    }),
    handOver: (socket) => socket.once("data", given.resolve),
  });
  client.write(REQUEST);
  const connection = await begun.promise;
  const more = once(connection.socket, "data");
  client.write("and more");
  await more;
  decided.resolve(undefined);
  expect(String(await given.promise)).toBe(`${REQUEST}and more`);
});

test("head and body may come one after the other, on every request", async () => {
  const { socket } = await open({ handOver: () => expect.fail("handed over") });
  for (let n = 0; n < 3; n += 1) {
    client.write(REQUEST.slice(0, -BODY.length));
    await once(socket, "data");
    client.write(BODY);
    const [answer] = await once(client, "data");
    expect(String(answer)).toBe("answer");
  }
});

test("who stops within a request is left to the usual way, in time or at the end", async () => {
  const given = Promise.withResolvers<Buffer>();
  const slow = await open({
    firstRequestMs: -1,
    handOver: (socket) => socket.once("data", given.resolve),
  });
  const part = REQUEST.slice(0, -1);
  client.write(part);
  await once(slow.socket, "data");
  slow.checkIdle();
  expect(String(await given.promise)).toBe(part);
  client.destroy();
  await open({});
  client.end(part);
  const [said] = await once(client, "data");
  expect(String(said)).toBe("HPE_INVALID_EOF_STATE");
});

test("a bug in serving is left to the usual way", async () => {
  const given = Promise.withResolvers<Buffer>();
  await open({
    serve: () => {
      throw new Error("a bug");
    },
    handOver: (socket) => socket.once("data", given.resolve),
  });
  client.write(REQUEST);
  expect(String(await given.promise)).toBe(REQUEST);
});
