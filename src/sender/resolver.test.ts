import { pbkdf2 } from "node:crypto";
import { type Socket, createSocket } from "node:dgram";
import { once } from "node:events";
import { type Server, createServer } from "node:net";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";

import { portOf } from "../../test/support/receiver.ts";
import { parseHosts } from "./hosts-file.ts";
import { type Resolver, createResolver } from "./resolver.ts";

const TYPE_A = 1;
const TYPE_CNAME = 5;
const TYPE_AAAA = 28;
const NXDOMAIN = 3;
const SERVFAIL = 2;

interface Reply {
  code?: number;
  records?: { type: number; data: Buffer }[];
}
/** Undefined: no reply at all. */
type Zone = (name: string, type: number) => Reply | undefined;

interface Question {
  name: string;
  type: number;
  bytes: Buffer;
}

function readQuestion(message: Buffer): Question {
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString("latin1", at + 1, at + 1 + length));
    at += length + 1;
  }
  const type = message.readUInt16BE(at + 1);
  return { name: labels.join("."), type, bytes: message.subarray(12, at + 5) };
}

/**
 * A DNS response; over UDP, one that does not fit is truncated so that the client asks over TCP.
 */
function encode(query: Buffer, reply: Reply, bytesMax: number): Buffer {
  const { records = [] } = reply;
  const answers = records.map(({ type, data }) => {
    const head = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 0, 0, data.length]);
    return Buffer.concat([head, data]);
  });
  const body = Buffer.concat(answers);
  const isTruncated = body.length > bytesMax;
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(0x8180 | (isTruncated ? 0x0200 : 0) | (reply.code ?? 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(isTruncated ? 0 : records.length, 6);
  header.writeUInt32BE(0, 8);
  const question = readQuestion(query).bytes;
  return Buffer.concat([header, question, ...(isTruncated ? [] : [body])]);
}

function answerOverTcp(zone: Zone): Server {
  return createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      const query = chunk.subarray(2);
      const { name, type } = readQuestion(query);
      const reply = zone(name, type);
      if (reply === undefined) return;
      const response = encode(query, reply, Infinity);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(response.length);
      socket.write(Buffer.concat([length, response]));
    });
  });
}

/** A name server on loopback, the same port for UDP and TCP. */
async function nameServer(zone: Zone): Promise<{ address: string; queries: () => number }> {
  let queries = 0;
  const tcp = answerOverTcp(zone);
  tcp.listen(0, "127.0.0.1");
  await once(tcp, "listening");
  const udp: Socket = createSocket("udp4");
  udp.on("message", (query, peer) => {
    queries++;
    const { name, type } = readQuestion(query);
    const reply = zone(name, type);
    if (reply !== undefined) udp.send(encode(query, reply, 400), peer.port, peer.address);
  });
  udp.bind(portOf(tcp), "127.0.0.1");
  await once(udp, "listening");
  onTestFinished(() => {
    tcp.close();
    udp.close();
  });
  return { address: `127.0.0.1:${portOf(tcp)}`, queries: () => queries };
}

function a(...bytes: number[]): { type: number; data: Buffer } {
  return { type: bytes.length === 4 ? TYPE_A : TYPE_AAAA, data: Buffer.from(bytes) };
}

async function resolverOver(zone: Zone): Promise<{ resolver: Resolver; queries: () => number }> {
  const { address, queries } = await nameServer(zone);
  const resolver = createResolver({
    servers: [address],
    readHosts: () => Promise.resolve(parseHosts("10.9.9.9 printer # a comment\n::5 Printer\nx y")),
  });
  onTestFinished(() => resolver.close());
  return { resolver, queries };
}

describe("name servers", () => {
  test("both families are asked, IPv4 first in the answer", async () => {
    const { resolver } = await resolverOver((_name, type) => ({
      records: [
        type === TYPE_A ? a(1, 2, 3, 4) : a(0x26, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
      ],
    }));
    expect(await resolver.resolve("example.com")).toEqual({
      ok: true,
      addresses: ["1.2.3.4", "2606::1"],
    });
  });

  test("one family without records, or broken, does not spoil the other", async () => {
    const { resolver } = await resolverOver((name, type) => {
      if (type === TYPE_A) return { records: [a(1, 2, 3, 4)] };
      return name.startsWith("broken") ? { code: SERVFAIL } : {};
    });
    const found = { ok: true, addresses: ["1.2.3.4"] };
    expect(await resolver.resolve("example.com")).toEqual(found);
    expect(await resolver.resolve("broken.example.com")).toEqual(found);
  });

  test("aliases are followed to their addresses", async () => {
    const alias = Buffer.from("\u0001b\u0007example\u0003com\u0000", "latin1");
    const { resolver } = await resolverOver((_name, type) =>
      type === TYPE_A ? { records: [{ type: TYPE_CNAME, data: alias }, a(127, 0, 0, 1)] } : {},
    );
    expect(await resolver.resolve("example.com")).toMatchObject({ ok: true });
  });

  test("a thousand addresses arrive whole, over TCP", async () => {
    const { resolver } = await resolverOver((_name, type) =>
      type === TYPE_A
        ? { records: Array.from({ length: 1_000 }, (_, n) => a(1, 1, n >> 8, n & 255)) }
        : {},
    );
    const resolution = await resolver.resolve("example.com");
    expect(resolution.ok && resolution.addresses.length).toBe(1_000);
  });

  test.each([
    ["NXDOMAIN", { code: NXDOMAIN }, "The name example.com does not exist (NXDOMAIN)."],
    ["no records", {}, "The name example.com has no IPv4 or IPv6 address."],
    ["SERVFAIL", { code: SERVFAIL }, "The name example.com could not be looked up (SERVFAIL)."],
  ])("%s is told in words", async (_name, reply, message) => {
    const { resolver } = await resolverOver(() => reply);
    expect(await resolver.resolve("example.com")).toEqual({ ok: false, message });
  });

  test("silent ones hold up neither the thread pool nor close", async () => {
    const { resolver } = await resolverOver(() => undefined);
    const lookups = Array.from({ length: 100 }, (_, n) => resolver.resolve(`n${n}.example.com`));
    let answered = 0;
    for (const lookup of lookups) void lookup.then(() => answered++);
    const key = await promisify(pbkdf2)("password", "salt", 1, 32, "sha256");
    expect([key.length, answered]).toEqual([32, 0]);
    resolver.close();
    for (const result of await Promise.all(lookups)) {
      expect(result).toMatchObject({ ok: false, message: expect.stringMatching(/CANCELLED/) });
    }
    expect((await resolver.resolve("example.com")).ok).toBe(false);
  });

  test("the same name asked at once is one question; later it is asked anew", async () => {
    const { resolver, queries } = await resolverOver(() => ({ records: [a(1, 2, 3, 4)] }));
    await Promise.all(Array.from({ length: 50 }, () => resolver.resolve("Example.com")));
    expect(queries()).toBe(2);
    await resolver.resolve("example.com");
    expect(queries()).toBe(4);
  });
});

describe("without a name server", () => {
  test("the hosts file wins, and knows several addresses of a name", async () => {
    const { resolver, queries } = await resolverOver(() => ({}));
    const addresses = ["10.9.9.9", "::5"];
    expect(await resolver.resolve("PRINTER")).toEqual({ ok: true, addresses });
    expect(queries()).toBe(0);
  });

  test.each(["localhost", "a.b.localhost"])("%s is loopback", async (name) => {
    const { resolver, queries } = await resolverOver(() => ({}));
    const addresses = ["127.0.0.1", "::1"];
    expect(await resolver.resolve(name)).toEqual({ ok: true, addresses });
    expect(queries()).toBe(0);
  });
});
