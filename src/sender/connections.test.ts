import { describe, expect, test } from "vitest";

import {
  expectResponse,
  loopbackSender,
  post,
  rawServer,
  receiver,
} from "../../test/support/loopback.ts";
import { createManualClock } from "../../test/support/manual-clock.ts";

describe("connections", () => {
  test("are kept and reused, never more than allowed per origin", async () => {
    const hook = await receiver(() => ({ delayMs: 1 }));
    const sender = loopbackSender({ connectionsPerOrigin: 3 });
    const sends = Array.from({ length: 30 }, () => sender.send(post(hook.port)));
    for (const result of await Promise.all(sends)) expectResponse(result);
    expect(hook.connections()).toBe(3);
  });

  test("that others of the same origin hold for long do not hold up the next requests", async () => {
    const clock = createManualClock();
    const hook = await receiver(({ url }) => (url === "/hang" ? { hang: true } : {}));
    const sender = loopbackSender({ clock, connectionsPerOrigin: 4 });
    const request = post(hook.port);
    const hangingUrl = new URL("/hang", request.url).href;
    const hanging = [1, 2, 3, 4].map(() => sender.send({ ...request, url: hangingUrl }));
    await hook.nth(4);
    // One that waits already, and one that comes when they have turned out to be slow.
    const waiting = sender.send(request);
    clock.advance(250);
    expectResponse(await waiting);
    expectResponse(await sender.send(request));
    expect(hook.requests.length).toBe(6);
    clock.advance(30_000);
    for (const result of await Promise.all(hanging)) {
      expect(result).toMatchObject({ kind: "error", code: "timeout" });
    }
    // They have given the connections back: what is sent now shares them again.
    const before = hook.connections();
    await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(() => sender.send(request)));
    expect(hook.connections() - before).toBeLessThanOrEqual(4);
  });

  test("are never more than allowed in all: the next waits until one closes", async () => {
    const first = await receiver(() => ({ headers: { connection: "close" }, delayMs: 5 }));
    const second = await receiver();
    const sender = loopbackSender({ socketsMax: 1 });
    const order: string[] = [];
    await Promise.all([
      sender.send(post(first.port)).then((result) => order.push(`1 ${result.kind}`)),
      sender.send(post(second.port)).then((result) => order.push(`2 ${result.kind}`)),
    ]);
    expect(order).toEqual(["1 response", "2 response"]);
  });

  test("a request that waits in vain for a socket says so", async () => {
    const clock = createManualClock();
    const hanging = await receiver(() => ({ hang: true }));
    const sender = loopbackSender({ clock, socketsMax: 1 });
    const first = sender.send(post(hanging.port));
    await hanging.nth(1);
    const second = sender.send(post(1));
    clock.advance(10_000);
    expect(await second).toMatchObject({
      code: "no_socket",
      message: "No socket became free within 10 s.",
    });
    clock.advance(20_000);
    expect(await first).toMatchObject({ code: "timeout" });
  });

  test("are not kept longer than the receiver's hint", async () => {
    const hook = await receiver(() => ({
      headers: { connection: "keep-alive", "keep-alive": "timeout=1" },
    }));
    const sender = loopbackSender({ connectionsPerOrigin: 1 });
    expectResponse(await sender.send(post(hook.port)));
    expectResponse(await sender.send(post(hook.port)));
    expect(hook.connections()).toBe(2);
  });

  test("one that breaks under a request is a reset; nothing is sent twice", async () => {
    const hook = await receiver();
    hook.script({}, { reset: true });
    const sender = loopbackSender();
    expectResponse(await sender.send(post(hook.port)));
    expect(await sender.send(post(hook.port))).toMatchObject({ kind: "error", code: "reset" });
    expect(hook.requests.length).toBe(2);
    expectResponse(await sender.send(post(hook.port)));
  });

  test("many origins that refuse leave nothing open", async () => {
    const clock = createManualClock();
    const sender = loopbackSender({ clock });
    for (let port = 1; port <= 1_000; port += 100) {
      const sends = Array.from({ length: 10 }, (_, n) =>
        sender.send({ ...post(1), url: `http://127.9.9.${n + 1}:${port}/` }),
      );
      for (const result of await Promise.all(sends)) {
        expect(result).toMatchObject({ kind: "error", code: "refused" });
      }
    }
    expect(clock.pending()).toBe(0);
  });
});

describe("close", () => {
  test("aborts what is in flight, and everything after it", async () => {
    const arrived = Promise.withResolvers<void>();
    const hook = await rawServer(() => arrived.resolve());
    const sender = loopbackSender();
    const result = sender.send(post(hook.port));
    await arrived.promise;
    await sender.close();
    expect(await result).toMatchObject({ kind: "error", code: "aborted" });
    expect(await sender.send(post(hook.port))).toMatchObject({ kind: "error", code: "aborted" });
    await hook.allClosed();
  });

  test("aborts lookups and handshakes under way, and can be called twice", async () => {
    const clock = createManualClock();
    const asked = Promise.withResolvers<void>();
    const hello = Promise.withResolvers<void>();
    const hook = await rawServer(() => hello.resolve());
    const sender = loopbackSender({
      clock,
      resolver: {
        resolve: () => {
          asked.resolve();
          return new Promise(() => {});
        },
        close: () => {},
      },
    });
    const looking = sender.send({ ...post(1), url: "http://example.com/" });
    const shaking = sender.send({ ...post(1), url: `https://127.0.0.1:${hook.port}/` });
    await Promise.all([asked.promise, hello.promise]);
    await Promise.all([sender.close(), sender.close()]);
    expect(await looking).toMatchObject({ kind: "error", code: "aborted" });
    expect(await shaking).toMatchObject({ kind: "error", code: "aborted" });
    await hook.allClosed();
    expect(clock.pending()).toBe(0);
  });
});
