import { describe, expect, test } from "vitest";

import {
  answering,
  expectResponse,
  loopbackSender,
  post,
  rawServer,
  receiver,
} from "../../test/support/loopback.ts";
import { type ManualClock, createManualClock } from "../../test/support/manual-clock.ts";
import type { RawServer } from "../../test/support/raw-server.ts";
import type { SendResult } from "../core/send-result.ts";

interface Stalling {
  clock: ManualClock;
  result: Promise<SendResult>;
  hook: RawServer;
}

/** Resolves when the receiver has the whole request and said its first bytes. */
async function stalling(text: string): Promise<Stalling> {
  const said = Promise.withResolvers<void>();
  const hook = await rawServer(answering(text, () => said.resolve()));
  const clock = createManualClock();
  const result = loopbackSender({ clock }).send(post(hook.port));
  await said.promise;
  return { clock, result, hook };
}

describe("the total deadline", () => {
  test.each([
    ["nothing", "", /^No answer from 127\.0\.0\.1:\d+ within 30 s\.$/],
    ["half of the headers", "HTTP/1.1 200 OK\r\nx-a: ", /^No answer from .* within 30 s\.$/],
  ])("spans receivers that say %s", async (_name, text, message) => {
    const { clock, result, hook } = await stalling(text);
    clock.advance(29_999);
    expect(clock.pending()).toBe(1);
    clock.advance(1);
    expect(await result).toEqual({
      kind: "error",
      code: "timeout",
      message: expect.stringMatching(message),
      durationMs: 30_000,
    });
    expect(clock.pending()).toBe(0);
    await hook.allClosed();
  });

  test("is not moved by a body that drips", async () => {
    const clock = createManualClock();
    const hook = await rawServer(
      answering("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", (socket) => {
        const drip = setInterval(() => {
          clock.advance(1_000);
          socket.write("x");
        }, 1);
        socket.once("close", () => clearInterval(drip));
      }),
    );
    const result = await loopbackSender({ clock }).send(post(hook.port));
    const message = expect.stringMatching(/^The answer of .* did not end within 30 s\.$/);
    expect(result).toMatchObject({ kind: "error", code: "timeout", message, durationMs: 30_000 });
    await hook.allClosed();
  });

  test("spans receivers that never read", async () => {
    const clock = createManualClock();
    const connected = Promise.withResolvers<void>();
    const hook = await rawServer((socket) => {
      socket.pause();
      connected.resolve();
    });
    const result = loopbackSender({ clock }).send(
      post(hook.port, { body: Buffer.alloc(16_000_000) }),
    );
    await connected.promise;
    clock.advance(30_000);
    expect(await result).toMatchObject({ kind: "error", code: "timeout" });
  });

  test("spans the wait for a connection; what expired there is never sent", async () => {
    const clock = createManualClock();
    const release = Promise.withResolvers<void>();
    const hook = await receiver(async ({ n }) => {
      if (n === 1) await release.promise;
    });
    const sender = loopbackSender({ clock, connectionsPerOrigin: 1 });
    const first = sender.send(post(hook.port));
    await hook.nth(1);
    const second = sender.send(post(hook.port, { timeoutMs: 50, body: Buffer.from("second") }));
    clock.advance(50);
    expect(await second).toMatchObject({
      code: "timeout",
      message: `No connection to 127.0.0.1:${hook.port} within 50 ms.`,
    });
    release.resolve();
    expectResponse(await first);
    expectResponse(await sender.send(post(hook.port, { body: Buffer.from("third") })));
    expect(hook.requests.map((request) => request.body.toString())).toEqual(["{}", "third"]);
    expect(hook.connections()).toBe(1);
  });

  test("leaves no timer behind after an answer", async () => {
    const clock = createManualClock();
    const hook = await receiver();
    expectResponse(await loopbackSender({ clock }).send(post(hook.port)));
    expect(clock.pending()).toBe(0);
  });
});
