import { once } from "node:events";
import { type OnReadOpts, type Socket, connect } from "node:net";
import { expect, test } from "vitest";

import { rawServer } from "../../test/support/loopback.ts";
import { type ManualClock, createManualClock } from "../../test/support/manual-clock.ts";
import type { SendResult } from "../core/send-result.ts";
import { Exchange } from "./exchange.ts";
import { Origin } from "./origin.ts";

interface Asked {
  origin: Origin;
  clock: ManualClock;
  result: Promise<SendResult>;
}

/** One request to a port, over connections that are made by `open`. */
function ask(port: number, open: (onread: OnReadOpts) => Promise<Socket>): Asked {
  const clock = createManualClock();
  const address = { host: "127.0.0.1", port, isSecure: false };
  const tools = {
    connect: (_to: unknown, onread: OnReadOpts) => open(onread),
    clock,
    connectionsMax: 4,
  };
  const origin = new Origin(address, `127.0.0.1:${port}`, tools);
  const result = new Promise<SendResult>((done) => {
    const first = Buffer.from("POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n");
    origin.add(new Exchange({ origin, first, rest: undefined, timeoutMs: 1_000, clock, done }));
  });
  return { origin, clock, result };
}

test("a connection that comes too late for its request is kept for others, and not for long", async () => {
  const hook = await rawServer(() => {});
  const late = Promise.withResolvers<void>();
  const attached = Promise.withResolvers<Socket>();
  const { origin, clock, result } = ask(hook.port, async (onread) => {
    const socket = connect({ port: hook.port, host: "127.0.0.1", onread });
    await once(socket, "connect");
    await late.promise;
    attached.resolve(socket);
    return socket;
  });
  clock.advance(1_000);
  expect(await result).toMatchObject({ code: "timeout" });
  late.resolve();
  const socket = await attached.promise;
  await new Promise((resolve) => void setImmediate(resolve));
  expect(origin.isUnused).toBe(false);
  origin.sweep();
  expect(socket.destroyed).toBe(false);
  clock.advance(4_000);
  origin.sweep();
  await hook.allClosed();
  expect(origin.isUnused).toBe(true);
});

test("a receiver that speaks before it is asked fails one request, and is not tried over and over", async () => {
  const hook = await rawServer((socket) => void socket.write("220 mail ready\r\n"));
  let opened = 0;
  const { origin, result } = ask(hook.port, async (onread) => {
    opened += 1;
    const spoken = Promise.withResolvers<void>();
    const callback = (length: number, bytes: Uint8Array): boolean => {
      spoken.resolve();
      return onread.callback(length, bytes);
    };
    const socket = connect({ port: hook.port, host: "127.0.0.1", onread: { ...onread, callback } });
    socket.write("?");
    await spoken.promise;
    return socket;
  });
  expect(await result).toMatchObject({
    kind: "error",
    code: "reset",
    message: `127.0.0.1:${hook.port} spoke or closed before it was asked.`,
  });
  await hook.allClosed();
  expect(opened).toBe(1);
  expect(origin.isUnused).toBe(true);
});
