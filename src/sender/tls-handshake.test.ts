import { once } from "node:events";
import { type TlsOptions, createServer } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";

import { hasOpenssl, makeCertificate } from "../../test/support/certificates.ts";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { startRawServer } from "../../test/support/raw-server.ts";
import { portOf } from "../../test/support/receiver.ts";
import { systemClock } from "../clock.ts";
import { parseCidr } from "../core/address.ts";
import type { Clock } from "../core/types.ts";
import type { SendResult } from "../core/send-result.ts";
import { createSender } from "./sender.ts";

interface Secure {
  port: number;
  /** Requests that got through TLS, with the SNI name they asked for. */
  seen: { servername: string; text: string }[];
}

async function tlsServer(options: TlsOptions): Promise<Secure> {
  const seen: Secure["seen"] = [];
  const server = createServer(options, (socket) => {
    socket.on("error", () => {});
    socket.once("data", (chunk) => {
      seen.push({ servername: String(socket.servername), text: chunk.toString() });
      socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { port: portOf(server), seen };
}

async function post(url: string, ca?: string, clock: Clock = systemClock): Promise<SendResult> {
  const loopback = parseCidr("127.0.0.0/8");
  if (typeof loopback === "string") throw new Error(loopback);
  const sender = createSender({
    egressAllow: [loopback],
    clock,
    resolver: {
      resolve: () => Promise.resolve({ ok: true, addresses: ["127.0.0.1"] }),
      close: () => {},
    },
    ...(ca === undefined ? {} : { ca }),
  });
  onTestFinished(() => sender.close());
  return sender.send({ url, headers: {}, body: Buffer.from("{}"), timeoutMs: 30_000 });
}

describe.skipIf(!hasOpenssl())("TLS (needs the openssl command)", () => {
  const valid = hasOpenssl() ? makeCertificate(30) : { key: "", cert: "" };

  test("a certificate for the name is accepted, with that name as SNI", async () => {
    const server = await tlsServer(valid);
    const result = await post(`https://hook.example.com:${server.port}/x`, valid.cert);
    expect(result).toMatchObject({ kind: "response", status: 200 });
    expect(server.seen).toHaveLength(1);
    expect(server.seen[0]?.servername).toBe("hook.example.com");
    expect(server.seen[0]?.text).toContain(`host: hook.example.com:${server.port}\r\n`);
  });

  test("a certificate for the address is accepted for a literal, without SNI", async () => {
    const server = await tlsServer(valid);
    const result = await post(`https://127.0.0.1:${server.port}/x`, valid.cert);
    expect(result).toMatchObject({ kind: "response", status: 200 });
    expect(server.seen[0]?.servername).toBe("false");
  });

  test("an expired certificate is refused with its date, and no request leaves", async () => {
    const expired = makeCertificate(-1);
    const server = await tlsServer(expired);
    const result = await post(`https://localhost:${server.port}/`, expired.cert);
    const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
    const message = `Certificate of localhost expired on ${yesterday}.`;
    expect(result).toMatchObject({ kind: "error", code: "tls", message });
    expect(server.seen).toEqual([]);
  });

  test("a self-signed certificate is refused, and no request leaves", async () => {
    const server = await tlsServer(valid);
    const result = await post(`https://localhost:${server.port}/`);
    const message = "Certificate of localhost is self-signed.";
    expect(result).toMatchObject({ kind: "error", code: "tls", message });
    expect(server.seen).toEqual([]);
  });

  test("a certificate for another name is refused, and no request leaves", async () => {
    const server = await tlsServer(valid);
    const result = await post(`https://example.com:${server.port}/`, valid.cert);
    const message = expect.stringMatching(
      /^Certificate is not valid for example\.com; it names DNS/,
    );
    expect(result).toMatchObject({ kind: "error", code: "tls", message });
    expect(server.seen).toEqual([]);
  });

  test("TLS 1.1 is refused", async () => {
    const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" } as const;
    const server = await tlsServer({ ...valid, ...old });
    const result = await post(`https://localhost:${server.port}/`, valid.cert);
    expect(result).toMatchObject({
      code: "tls",
      message: "TLS handshake with localhost failed: it offers no TLS 1.2 or newer.",
    });
  });

  test("many bad certificates leave no socket open", async () => {
    const server = await tlsServer(valid);
    const url = `https://localhost:${server.port}/`;
    const results = await Promise.all(Array.from({ length: 100 }, () => post(url)));
    expect(results.every((result) => result.kind === "error" && result.code === "tls")).toBe(true);
    expect(server.seen).toEqual([]);
  });
});

describe("what only looks like TLS", () => {
  test.each([
    ["plain HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n", "it does not speak TLS on this port"],
    ["a closing door", null, "it closed the connection"],
  ])("%s fails the handshake", async (_name, text, detail) => {
    const server = await startRawServer((socket) => {
      if (text === null) socket.end();
      else socket.write(text);
    });
    onTestFinished(() => server.close());
    const result = await post(`https://localhost:${server.port}/`);
    const message = `TLS handshake with localhost failed: ${detail}.`;
    expect(result).toMatchObject({ kind: "error", code: "tls", message });
    await server.allClosed();
  });

  test("a stalled handshake ends at the connect deadline", async () => {
    const hello = Promise.withResolvers<void>();
    const server = await startRawServer(() => hello.resolve());
    onTestFinished(() => server.close());
    const clock = createManualClock();
    const result = post(`https://localhost:${server.port}/`, undefined, clock);
    await hello.promise;
    clock.advance(10_000);
    expect(await result).toMatchObject({
      code: "timeout",
      message: `The TLS handshake with localhost:${server.port} did not end within 10 s.`,
      durationMs: 10_000,
    });
    await server.allClosed();
    expect(clock.pending()).toBe(0);
  });
});
