/** Requests are turned away before memory, descriptors or the database suffer, and say when to return. */
import { once } from "node:events";
import net from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import type { Pressure } from "../../src/api/deps.ts";
import { Metrics } from "../../src/core/metrics.ts";
import { readExposition, valueOf } from "../support/exposition.ts";
import { World } from "./world.ts";

const MEBIBYTE = 1024 * 1024;
let world: World;
let metrics: Metrics;
let pressure: Pressure | undefined;

async function open(connectionsMax = 100): Promise<World> {
  metrics = new Metrics();
  pressure = undefined;
  world = await World.open({ metrics, connectionsMax, pressure: () => pressure });
  return world;
}

afterEach(() => world.close());

const refused = (reason: string): number =>
  valueOf(readExposition(metrics.write()), "amps_requests_refused_total", { reason });
const gauge = (name: string): number => valueOf(readExposition(metrics.write()), name);

describe("when something is short", () => {
  test("new work is turned away with a time to return; reading and repairing go on", async () => {
    await open();
    const appId = await world.application();
    pressure = { part: "disk", detail: "The disk is nearly full." };
    const body = { eventType: "a.b", payload: {} };
    const answer = await world.call("POST", `/api/v1/app/${appId}/msg`, { body });
    expect(answer.status).toBe(503);
    expect(answer.headers["retry-after"]).toBe("1");
    expect(answer.body).toEqual({
      code: "unavailable",
      detail: "The disk is nearly full. Try again.",
    });
    expect(refused("disk")).toBe(1);
    expect((await world.call("GET", `/api/v1/app/${appId}`)).status).toBe(200);
    const change = { body: { name: "renamed" } };
    expect((await world.call("PATCH", `/api/v1/app/${appId}`, change)).status).toBe(200);
    pressure = undefined;
    expect((await world.call("POST", `/api/v1/app/${appId}/msg`, { body })).status).toBe(202);
  });

  test("what makes everything worse turns all away, except health and its like", async () => {
    await open();
    pressure = { part: "memory", detail: "Memory is short.", everything: true };
    expect((await world.call("GET", "/api/v1/app")).status).toBe(503);
    expect((await world.call("GET", "/api/v1/health")).status).toBe(200);
    expect((await world.call("GET", "/api/v1/health/ping")).status).toBe(204);
  });

  test("whoever has no key learns nothing of it", async () => {
    await open();
    pressure = { part: "memory", detail: "Memory is short.", everything: true };
    expect((await world.call("GET", "/api/v1/app", { key: null })).status).toBe(401);
  });
});

describe("bodies", () => {
  test("100 publishes of 1 MiB at once: some wait their turn, none is lost or taken twice", async () => {
    await open(200);
    const appId = await world.application();
    await world.listen();
    const url = `${await world.listen()}/api/v1/app/${appId}/msg`;
    const payload = { text: "x".repeat(MEBIBYTE - 200) };
    /** Its id; undefined when it was turned away. */
    const publish = async (n: number): Promise<string | undefined> => {
      const response = await fetch(url, {
        method: "POST",
        headers: {
          authorization: `Bearer ${world.sandboxKey}`,
          "content-type": "application/json",
        },
        body: JSON.stringify({ eventType: "a.b", eventId: `e-${n}`, payload }),
      });
      const answer = (await response.json()) as { id: string };
      if (response.status === 202) return answer.id;
      expect(response.status).toBe(503);
      expect(response.headers.get("retry-after")).toBe("1");
      return undefined;
    };
    const ids = await Promise.all(Array.from({ length: 100 }, (_, n) => publish(n)));
    const turnedAway = ids.filter((id) => id === undefined).length;
    expect(turnedAway).toBeGreaterThan(0);
    expect(turnedAway).toBeLessThan(100);
    expect(refused("bodies")).toBe(turnedAway);
    for (const [n, id] of ids.entries()) ids[n] = id ?? (await publish(n));
    expect(new Set(ids).size).toBe(100);
    expect(ids).not.toContain(undefined);
    expect(gauge("amps_http_body_bytes")).toBe(0);
  });

  test("a body that never comes is let go with its connection", async () => {
    await open();
    const { port } = new URL(await world.listen());
    const sockets = Array.from({ length: 8 }, () => net.connect(Number(port), "127.0.0.1"));
    await Promise.all(sockets.map((socket) => once(socket, "connect")));
    for (const socket of sockets) {
      socket.write(
        "POST /api/v1/app HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n" +
          `authorization: Bearer ${world.sandboxKey}\r\ncontent-length: ${MEBIBYTE}\r\n\r\n{`,
      );
    }
    await expect.poll(() => gauge("amps_http_body_bytes"), { timeout: 10_000 }).toBe(8 * MEBIBYTE);
    const body = { name: "one more" };
    expect((await world.call("POST", "/api/v1/app", { body })).status).toBe(503);
    for (const socket of sockets) socket.destroy();
    await expect.poll(() => gauge("amps_http_body_bytes"), { timeout: 10_000 }).toBe(0);
    expect((await world.call("POST", "/api/v1/app", { body })).status).toBe(201);
  });

  test("without a key no memory can be taken", async () => {
    await open();
    const { port } = new URL(await world.listen());
    const socket = net.connect(Number(port), "127.0.0.1");
    socket.write(
      "POST /api/v1/app HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n" +
        `content-length: ${MEBIBYTE}\r\n\r\n{`,
    );
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toContain("401");
    expect(gauge("amps_http_body_bytes")).toBe(0);
    socket.destroy();
  });
});

describe("connections", () => {
  /** One request on a socket; resolves with the whole answer, or what came before it closed. */
  async function ask(socket: net.Socket): Promise<string> {
    socket.write("GET /api/v1/health HTTP/1.1\r\nhost: a\r\n\r\n");
    const [answer] = (await once(socket, "data")) as [Buffer];
    return answer.toString();
  }

  test("one too many is told so and closed; when another leaves there is room again", async () => {
    await open(3);
    const { port } = new URL(await world.listen());
    const connect = async (): Promise<net.Socket> => {
      const socket = net.connect(Number(port), "127.0.0.1");
      await once(socket, "connect");
      return socket;
    };
    const inside = [await connect(), await connect(), await connect()];
    await expect.poll(() => gauge("amps_http_connections")).toBe(3);
    const outside = await connect();
    const closed = once(outside, "close");
    const answer = await ask(outside);
    expect(answer).toContain("HTTP/1.1 503");
    expect(answer.toLowerCase()).toContain("retry-after: 1");
    expect(answer).toContain('"code":"unavailable"');
    await closed;
    expect(refused("connections")).toBe(1);
    expect(await ask(inside[0] ?? outside)).toContain("HTTP/1.1 200");

    const waiting = await connect();
    await expect.poll(() => gauge("amps_http_connections")).toBe(4);
    inside[1]?.destroy();
    await expect.poll(() => gauge("amps_http_connections")).toBe(3);
    expect(await ask(waiting)).toContain("HTTP/1.1 200");
    for (const socket of [...inside, waiting]) socket.destroy();
  });
});
