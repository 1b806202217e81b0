import { describe, expect, onTestFinished, test } from "vitest";

import { DENIED } from "../../test/support/address-table.ts";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { type RawServer, startRawServer } from "../../test/support/raw-server.ts";
import { systemClock } from "../clock.ts";
import { type CidrList, parseCidrList } from "../core/address.ts";
import type { SendResult, Sender } from "../core/send-result.ts";
import { type JudgeTarget, createEgressGuard } from "./egress-guard.ts";
import { connectPinned } from "./pinned-socket.ts";
import type { Resolver } from "./resolver.ts";
import { type SenderOptions, createSender } from "./sender.ts";

function cidrs(text: string): CidrList {
  const result = parseCidrList(text);
  if (!result.ok) throw new Error(result.problems.join());
  return result.list;
}

async function server(host = "127.0.0.1"): Promise<RawServer> {
  const started = await startRawServer((socket) => {
    socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
  }, host);
  onTestFinished(() => started.close());
  return started;
}

/** Gives these answers in turn, the last one for ever. */
function answers(...lists: string[][]): Resolver & { asked: () => number } {
  let asked = 0;
  return {
    resolve() {
      const addresses = lists[Math.min(asked, lists.length - 1)] ?? [];
      asked++;
      return Promise.resolve({ ok: true, addresses });
    },
    close: () => {},
    asked: () => asked,
  };
}

function sender(allow: string, more: Partial<SenderOptions> = {}): Sender {
  const created = createSender({ egressAllow: cidrs(allow), clock: systemClock, ...more });
  onTestFinished(() => created.close());
  return created;
}

function post(from: Sender, url: string): Promise<SendResult> {
  return from.send({ url, headers: {}, body: Buffer.from("{}"), timeoutMs: 5_000 });
}

const DENIED_RESULT = { kind: "error", code: "address_denied" };

describe("denied addresses see no connection", () => {
  test("literals and names, when egress does not cover loopback", async () => {
    const target = await server();
    const hosts = ["127.0.0.1", "localhost", "a.localhost", "2130706433", "[::ffff:127.0.0.1]"];
    const plain = sender("");
    for (const host of [...hosts, "0.0.0.0", "0x7f.1"]) {
      expect(await post(plain, `http://${host}:${target.port}/`)).toMatchObject(DENIED_RESULT);
    }
    const rebound = sender("", { resolver: answers(["127.0.0.1"]) });
    expect(await post(rebound, `http://example.com:${target.port}/`)).toEqual({
      ...DENIED_RESULT,
      message:
        "example.com leads to 127.0.0.1, which is not an address that may be reached (loopback).",
      durationMs: expect.any(Number),
    });
    expect(target.accepted()).toBe(0);
  });

  test("row 26: one denied address refuses the whole answer, wherever it stands", async () => {
    const target = await server();
    for (const list of [
      ["127.0.0.1", "10.0.0.1"],
      ["10.0.0.1", "127.0.0.1"],
      ["127.0.0.1", "::1"],
      [...Array.from({ length: 999 }, () => "127.0.0.1"), "169.254.169.254"],
    ]) {
      const mixed = sender("127.0.0.0/8", { resolver: answers(list) });
      expect(await post(mixed, `http://example.com:${target.port}/`)).toMatchObject(DENIED_RESULT);
    }
    expect(target.accepted()).toBe(0);
  });

  test("a metadata service stays out of reach when everything is allowed", async () => {
    const open = sender("0.0.0.0/0 ::/0", { resolver: answers(["169.254.169.254"]) });
    expect(await post(open, "http://example.com/")).toMatchObject(DENIED_RESULT);
    expect(await post(open, "http://169.254.169.254/latest/")).toMatchObject(DENIED_RESULT);
  });

  test("rebinding: what was allowed at first is judged again at each connection", async () => {
    // 127.0.0.2 stands for the public address of an attacker, 127.0.0.1 for what he is after.
    const prey = await startRawServer(() => {});
    onTestFinished(() => prey.close());
    let isTurned = false;
    const rebinding = sender("127.0.0.2/32", {
      resolver: {
        resolve() {
          isTurned = !isTurned;
          return Promise.resolve({ ok: true, addresses: [isTurned ? "127.0.0.2" : "127.0.0.1"] });
        },
        close: () => {},
      },
    });
    // Nothing listens on the prey's port at the bait, so that every request makes a new connection.
    for (let n = 0; n < 200; n++) {
      const result = await post(rebinding, `http://example.com:${prey.port}/`);
      const code = n % 2 === 0 ? "refused" : "address_denied";
      expect(result).toMatchObject({ kind: "error", code });
    }
    expect(prey.accepted()).toBe(0);
  });

  test.each(DENIED)("address row %i: nothing is sent to %s", async (_row, address) => {
    const host = address.includes(":") ? `[${address}]` : address;
    expect(await post(sender(""), `http://${host}:1/`)).toMatchObject(DENIED_RESULT);
    const named = sender("", { resolver: answers([address]) });
    expect(await post(named, "http://example.com:1/")).toMatchObject(DENIED_RESULT);
  });

  test("address row 49: nor to a name that leads to a metadata service, when everything is allowed", async () => {
    const everything = sender("0.0.0.0/0 ::/0", { resolver: answers(["169.254.169.254"]) });
    for (const name of ["metadata.google.internal", "169.254.169.254.nip.io"]) {
      expect(await post(everything, `http://${name}/`)).toMatchObject(DENIED_RESULT);
    }
  });

  test("address row 50: our own listener, whatever is allowed, by literal, name and wildcard", async () => {
    const own = await server();
    const self = sender("0.0.0.0/0 ::/0", {
      ownAddresses: () => [{ host: "0.0.0.0", port: own.port }],
    });
    for (const host of ["127.0.0.1", "localhost", "0.0.0.0", "127.1"]) {
      expect(await post(self, `http://${host}:${own.port}/`)).toMatchObject(DENIED_RESULT);
    }
    expect(own.accepted()).toBe(0);
  });
});

describe("pinned connections", () => {
  test("a kept socket stays at the judged address, and the name is asked once", async () => {
    const target = await server();
    const resolver = answers(["127.0.0.1"], ["10.0.0.1"]);
    const pinned = sender("127.0.0.0/8", { resolver, connectionsPerOrigin: 1 });
    for (let n = 0; n < 3; n++) {
      const result = await post(pinned, `http://example.com:${target.port}/`);
      expect(result).toMatchObject({ kind: "response", status: 200 });
    }
    expect(resolver.asked()).toBe(1);
    expect(target.accepted()).toBe(1);
    expect(target.received(1)).toContain(`host: example.com:${target.port}\r\n`);
  });

  test("the next address is tried when one refuses", async () => {
    const target = await server();
    const resolver = answers(["127.0.0.9", "127.0.0.1"]);
    const result = await post(
      sender("127.0.0.0/8", { resolver }),
      `http://example.com:${target.port}/`,
    );
    expect(result).toMatchObject({ kind: "response", status: 200 });
  });

  test("a silent address gets its share of the time, not all of it", async () => {
    const target = await server("0.0.0.0");
    const clock = createManualClock();
    const connecting = connectPinned(
      { host: "example.com", port: target.port, addresses: ["127.0.0.2", "127.0.0.1"] },
      {
        judge: () => ({ ok: true }),
        clock,
        timeoutMs: 10_000,
        signal: new AbortController().signal,
      },
    );
    // Both would accept; but half of the time passes before the first can have been answered.
    clock.advance(5_000);
    const socket = await connecting;
    expect(socket.remoteAddress).toBe("127.0.0.1");
    socket.destroy();
    expect(clock.pending()).toBe(0);
  });

  test("the connected peer is judged again", async () => {
    const target = await server();
    let judged = 0;
    const connecting = connectPinned(
      { host: "example.com", port: target.port, addresses: ["127.0.0.1"] },
      {
        judge: () => (++judged === 1 ? { ok: true } : { ok: false, reason: "changed its mind" }),
        clock: systemClock,
        timeoutMs: 10_000,
        signal: new AbortController().signal,
      },
    );
    await expect(connecting).rejects.toMatchObject({ failure: "address_denied" });
    await target.allClosed();
    expect(target.received(1)).toBe("");
  });
});

function guard(allow: string, local: string[]): JudgeTarget {
  const clock = createManualClock();
  return createEgressGuard({ allow: cidrs(allow), clock, localAddresses: () => local });
}

describe("addresses of this machine", () => {
  test("a public one is denied unless the operator allows it", () => {
    expect(guard("", ["8.8.8.8"])("8.8.8.8", 443)).toMatchObject({ ok: false });
    expect(guard("", ["8.8.8.8"])("8.8.4.4", 443)).toEqual({ ok: true });
    expect(guard("8.8.8.8", ["8.8.8.8"])("8.8.8.8", 443)).toEqual({ ok: true });
  });

  test("a listener on all of them is denied on each, even when allowed", () => {
    const judge = createEgressGuard({
      allow: cidrs("0.0.0.0/0"),
      clock: createManualClock(),
      localAddresses: () => ["8.8.8.8"],
      ownAddresses: () => [{ host: "::", port: 8071 }],
    });
    expect(judge("8.8.8.8", 8071)).toMatchObject({ ok: false });
    expect(judge("8.8.8.8", 8072)).toEqual({ ok: true });
  });

  test("are asked of the operating system again after a while", () => {
    const clock = createManualClock();
    let local: string[] = [];
    const judge = createEgressGuard({ allow: [], clock, localAddresses: () => local });
    expect(judge("8.8.8.8", 443).ok).toBe(true);
    local = ["8.8.8.8"];
    clock.advance(10_001);
    expect(judge("8.8.8.8", 443).ok).toBe(false);
  });
});
