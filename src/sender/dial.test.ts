import { once } from "node:events";
import { describe, expect, onTestFinished, test } from "vitest";

import { createManualClock } from "../../test/support/manual-clock.ts";
import { type RawServer, startRawServer } from "../../test/support/raw-server.ts";
import { systemClock } from "../clock.ts";
import { type DialOptions, createDial, judgeDevice } from "./dial.ts";

async function device(): Promise<RawServer> {
  const server = await startRawServer((socket) => void socket.write("pong"));
  onTestFinished(() => server.close());
  return server;
}

function dial(more: Partial<DialOptions> = {}): ReturnType<typeof createDial> {
  return createDial({ isEnrolled: () => true, clock: systemClock, ...more });
}

function leadingTo(...addresses: string[]): Partial<DialOptions> {
  return { resolve: () => Promise.resolve({ ok: true, addresses }) };
}

function isModbus(host: string, port: number): boolean {
  return host === "127.0.0.1" && port === 502;
}

describe("dial", () => {
  test.each(["127.0.0.1", "localhost"])("connects to an enrolled device at %s", async (host) => {
    const { port } = await device();
    const result = await dial()({ host, port, timeoutMs: 5_000 });
    if (!result.ok) throw new Error(result.message);
    result.socket.write("ping");
    const [chunk] = await once(result.socket, "data");
    expect(String(chunk)).toBe("pong");
    result.socket.destroy();
  });

  test("refuses a host, or another port of it, that nobody enrolled", async () => {
    const server = await device();
    const result = await dial({ isEnrolled: isModbus })({
      host: "127.0.0.1",
      port: server.port,
      timeoutMs: 5_000,
    });
    expect(result).toEqual({
      ok: false,
      code: "address_denied",
      message: expect.stringContaining(`127.0.0.1:${server.port} is not enrolled for a device`),
    });
    expect(server.accepted()).toBe(0);
  });

  test("judges an enrolled name again at each connection", async () => {
    const server = await device();
    const { port } = server;
    for (const address of ["127.0.0.1", "::1", "169.254.169.254", "0.0.0.0", "224.0.0.1"]) {
      const result = await dial(leadingTo("192.168.1.9", address))({
        host: "battery.example.com",
        port,
        timeoutMs: 5_000,
      });
      expect(result).toMatchObject({ ok: false, code: "address_denied" });
    }
    expect(server.accepted()).toBe(0);
  });

  test("an enrolled metadata address stays denied", async () => {
    const result = await dial()({ host: "169.254.169.254", port: 80, timeoutMs: 5_000 });
    expect(result).toMatchObject({ ok: false, code: "address_denied" });
  });

  test("refusals, unknown names and silence are outcomes in words", async () => {
    const server = await startRawServer(() => {});
    const { port } = server;
    await server.close();
    const refused = await dial()({ host: "127.0.0.1", port, timeoutMs: 5_000 });
    expect(refused).toMatchObject({ ok: false, code: "refused" });

    const message = "The name battery.lan was not found (ENOTFOUND).";
    const unknown = { resolve: () => Promise.resolve({ ok: false as const, message }) };
    const target = { host: "battery.lan", port, timeoutMs: 5_000 };
    expect(await dial(unknown)(target)).toEqual({ ok: false, code: "dns", message });

    const clock = createManualClock();
    const silent = dial({ clock, resolve: () => new Promise(() => {}) })(target);
    clock.advance(5_000);
    expect(await silent).toEqual({
      ok: false,
      code: "timeout",
      message: `No connection to battery.lan:${port} within 5 s.`,
    });
  });
});

describe("addresses a device may have", () => {
  test.each(["10.0.0.5", "172.16.3.4", "192.168.1.9", "169.254.7.7", "fd12::5", "8.8.8.8"])(
    "%s",
    (address) => {
      expect(judgeDevice("battery.lan")(address, 502)).toEqual({ ok: true });
    },
  );
  test.each([
    "127.0.0.1",
    "169.254.169.254",
    "100.100.100.200",
    "fd00:ec2::254",
    "255.255.255.255",
  ])("never %s", (address) => {
    expect(judgeDevice("battery.lan")(address, 502).ok).toBe(false);
  });
});
