import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";

import {
  answering,
  expectResponse,
  loopbackSender,
  post,
  rawServer,
} from "../../test/support/loopback.ts";
import { startRawServer } from "../../test/support/raw-server.ts";
import type { SendErrorCode } from "../core/send-result.ts";

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

interface Broken {
  name: string;
  text: string;
  /** What the receiver does after saying it. */
  after?: (socket: Socket) => void;
  code: SendErrorCode;
  message: RegExp;
}

const end = (socket: Socket): void => void socket.end();
const reset = (socket: Socket): void => void socket.resetAndDestroy();
const OK_HEAD = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${OK_HEAD}transfer-encoding: chunked\r\n\r\n`;
const UPGRADE = "HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n";
const EARLY_HINTS = "HTTP/1.1 103 Early Hints\r\n\r\n";

const NO_HTTP: Broken[] = [
  { name: "a greeting", text: "hello\n", code: "protocol", message: /is not HTTP\/1\.1: / },
  {
    name: "HTTP/0.9",
    text: "<p>hi</p>",
    after: end,
    code: "protocol",
    message: /is not HTTP\/1\.1/,
  },
  { name: "HTTP/2", text: "PRI * HTTP/2.0\r\n\r\n", code: "protocol", message: /is not HTTP/ },
  { name: "an unasked upgrade", text: UPGRADE, code: "protocol", message: /interim/ },
  {
    name: "an unasked 100",
    text: "HTTP/1.1 100 Continue\r\n\r\n",
    code: "protocol",
    message: /interim/,
  },
  {
    name: "a flood of interim answers",
    text: EARLY_HINTS.repeat(5_000),
    code: "protocol",
    message: /more than 8 interim/,
  },
];
const WRONG_LENGTH: Broken[] = [
  {
    name: "two lengths",
    text: `${OK_HEAD}content-length: 1\r\ncontent-length: 2\r\n\r\nab`,
    code: "protocol",
    message: /length/,
  },
  {
    name: "a bad chunk",
    text: `${CHUNKED}zz\r\n`,
    code: "protocol",
    message: /Invalid character in chunk size/,
  },
  {
    name: "a body that ends early",
    text: `${OK_HEAD}content-length: 9\r\n\r\nab`,
    after: end,
    code: "reset",
    message: /in the middle of its answer/,
  },
  {
    name: "FIN within a chunk",
    text: `${CHUNKED}9\r\nab`,
    after: end,
    code: "reset",
    message: /middle/,
  },
];
const TOO_LARGE: Broken[] = [
  { name: "one header of 64 KiB", text: `${OK_HEAD}x-a: ${"b".repeat(65_536)}\r\n\r\n` },
  { name: "many headers", text: `${OK_HEAD}${"x-abcdef: bcdef\r\n".repeat(10_000)}\r\n` },
  { name: "trailers of 64 KiB", text: `${CHUNKED}0\r\n${"x-abc: d\r\n".repeat(9_000)}\r\n` },
].map((each) => ({ ...each, code: "too_large", message: /exceed 16 KiB/ }));
const CUT_OFF: Broken[] = [
  { name: "FIN instead of an answer", text: "", after: end },
  { name: "RST instead of an answer", text: "", after: reset },
  { name: "FIN within the headers", text: `${OK_HEAD}x-a`, after: end },
].map((each) => ({ ...each, code: "reset", message: /before any answer/ }));
const BROKEN = [...NO_HTTP, ...WRONG_LENGTH, ...TOO_LARGE, ...CUT_OFF];

describe("receivers that break the rules", () => {
  test.each(BROKEN)("$name: one failed attempt", async ({ text, after, code, message }) => {
    const hook = await rawServer(answering(text, after));
    const result = await loopbackSender().send(post(hook.port));
    expect(result).toMatchObject({ kind: "error", code, message: expect.stringMatching(message) });
    await hook.allClosed();
    expect(hook.accepted()).toBe(1);
  });

  test("RST within the body", async () => {
    const hook = await rawServer((socket) => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab", () => {
        setImmediate(() => socket.resetAndDestroy());
      });
    });
    const result = await loopbackSender().send(post(hook.port));
    expect(result).toMatchObject({ kind: "error", code: "reset" });
  });

  test("RST at connect", async () => {
    const hook = await startRawServer(() => {});
    await hook.close();
    const result = await loopbackSender().send(post(hook.port));
    const message = expect.stringMatching(
      new RegExp(`^Connection refused by 127\\.0\\.0\\.1:${hook.port} after \\d+ ms\\.$`),
    );
    expect(result).toMatchObject({ kind: "error", code: "refused", message });
  });

  test("an answer before the body was read counts, and the socket is given up", async () => {
    const hook = await rawServer((socket) => {
      if (socket.isPaused()) return;
      socket.pause();
      socket.write("HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n");
    });
    const sender = loopbackSender();
    const result = await sender.send(post(hook.port, { body: Buffer.alloc(8_000_000) }));
    expect(expectResponse(result).status).toBe(413);
  });

  test("bytes after the answer are not taken for the next one", async () => {
    const hook = await rawServer(
      answering(`${OK}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil`),
    );
    const sender = loopbackSender();
    for (let n = 0; n < 3; n++) {
      const result = expectResponse(await sender.send(post(hook.port)));
      expect(Buffer.from(result.body).toString()).toBe("ok");
    }
  });
});
