/**
 * Publishes over real sockets: those that pass Node's HTTP server by are answered as it would answer them, and
 * everything else still gets to it, with every byte.
 */
import { once } from "node:events";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Pressure } from "../../src/api/deps.ts";
import type { Identity } from "../../src/api/identity.ts";
import { Scope } from "../../src/api/scope.ts";
import type { Log } from "../../src/core/types.ts";
import { Metrics } from "../../src/core/metrics.ts";
import { TenantWall } from "../../src/storage/tenant-wall.ts";
import { readExposition, valueOf } from "../support/exposition.ts";
import { silentLog } from "../support/factories.ts";
import { RawClient, type Received } from "../support/raw-client.ts";
import { SkippableClock, World } from "./world.ts";

let world: World;
let url: string;
let metrics: Metrics;
let pressure: Pressure | undefined;
let appId: string;
/** Requests that took the usual way, since the test began. */
let usual = 0;

beforeAll(async () => {
  metrics = new Metrics();
  world = await World.open({ metrics, pressure: () => pressure });
  url = await world.listen();
  appId = await world.application();
  world.app.server.on("request", () => {
    usual += 1;
  });
});
afterAll(() => world.close());
beforeEach(() => {
  usual = 0;
});

const EVENT = { eventType: "a.b", payload: { n: 1 } };

interface Spelling {
  app?: string;
  key?: string;
  headers?: Record<string, string>;
  line?: string;
}

/** A publish as a library sends it; `headers` over its own. */
function publish(body: unknown, { app = appId, key, line, headers }: Spelling = {}): string {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const all: Record<string, string> = {
    host: "amps.example",
    authorization: `Bearer ${key ?? world.sandboxKey}`,
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(text)),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return [line ?? `POST /api/v1/app/${app}/msg HTTP/1.1`, ...lines, "", text].join("\r\n");
}

/** Takes the usual way by saying something that is not known on the other. */
const USUALLY = { headers: { "x-unknown": "1" } };

async function ask(data: string): Promise<Received> {
  const client = await RawClient.open(url);
  const answer = await client.send(data).receive();
  client.socket.destroy();
  return answer;
}

/** What differs between two answers to the same. */
function comparable({ status, headers, body }: Received): unknown {
  const { date: _date, ...others } = headers;
  const { id: _id, timestamp: _timestamp, ...rest } = body;
  return { status, headers: others, body: rest };
}

describe("a publish", () => {
  test("is stored and answered with the very headers and body of the usual way", async () => {
    const body = {
      ...EVENT,
      channels: ["c"],
      tags: ["t"],
      deliverAt: new Date(Date.now() + 3_600_000).toISOString(),
    };
    const fast = await ask(publish(body));
    expect([fast.status, usual]).toEqual([202, 0]);
    const plain = await ask(publish(body, USUALLY));
    expect(usual).toBe(1);
    expect(comparable(fast)).toEqual(comparable(plain));
    expect(Math.abs(Date.parse(fast.headers["date"] ?? "") - Date.now())).toBeLessThan(60_000);
    const stored = await world.call("GET", `/api/v1/app/${appId}/msg/${fast.body.id}`);
    expect(stored.body).toEqual(fast.body);
  });

  test("of the official client passes, with its own headers and idempotency key", async () => {
    const svix = await world.client();
    const made = await svix.message.create(appId, { ...EVENT, eventId: "official" });
    const keyed = { idempotencyKey: "official-1" };
    const first = await svix.message.create(appId, EVENT, keyed);
    const again = await svix.message.create(appId, EVENT, keyed);
    expect([made.eventId, again.id, usual]).toEqual(["official", first.id, 0]);
  });

  test("that asks for no content is shown none, whichever way", async () => {
    const line = `POST /api/v1/app/${appId}/msg?with_content=false HTTP/1.1`;
    const fast = await ask(publish(EVENT, { line }));
    expect([fast.status, fast.body.payload, usual]).toEqual([202, {}, 0]);
    expect(comparable(fast)).toEqual(comparable(await ask(publish(EVENT, { line, ...USUALLY }))));
  });

  test("beyond ASCII keeps its bytes", async () => {
    const text = '{"eventType":"a.b","payload":{ "name" : "Müller 🔋", "n":1.50 }}';
    const client = await RawClient.open(url);
    client.send(publish(text));
    const [data] = (await once(client.socket, "data")) as [string];
    client.socket.destroy();
    expect(usual).toBe(0);
    const shown = /"payload":(\{.*?\}),"channels"/.exec(data)?.[1];
    expect(shown).toBe('{ "name" : "Müller 🔋", "n":1.50 }');
    const length = Number(/content-length: (\d+)/.exec(data)?.[1]);
    expect(Buffer.byteLength(data.slice(data.indexOf("\r\n\r\n") + 4))).toBe(length);
  });

  test("is counted as any request", async () => {
    const labels = { method: "POST", route: "/api/v1/app/:appId/msg", status: "2xx" };
    const count = (): number =>
      valueOf(readExposition(metrics.write()), "amps_http_requests_total", labels);
    await ask(publish(EVENT, USUALLY));
    const before = count();
    await ask(publish(EVENT));
    expect([count() - before, usual]).toEqual([1, 1]);
  });

  test("with an idempotency key gets the first answer, whichever way it comes", async () => {
    const keyed = { headers: { "idempotency-key": "k-1" } };
    const first = await ask(publish(EVENT, keyed));
    const again = await ask(publish(EVENT, keyed));
    expect(usual).toBe(0);
    const usually = { headers: { ...keyed.headers, ...USUALLY.headers } };
    const other = await ask(publish(EVENT, usually));
    expect([again.body.id, other.body.id, usual]).toEqual([first.body.id, first.body.id, 1]);
    const changed = { ...EVENT, payload: { n: 2 } };
    const refused = await ask(publish(changed, keyed));
    const refusedUsually = await ask(publish(changed, usually));
    expect(refused.status).toBe(422);
    expect(comparable(refused)).toEqual(comparable(refusedUsually));
  });

  test("of an eventId that is taken is refused as on the usual way", async () => {
    const body = { ...EVENT, eventId: "e-1" };
    expect((await ask(publish(body))).status).toBe(202);
    const refused = await ask(publish(body));
    expect([refused.status, usual]).toEqual([409, 0]);
    expect(comparable(refused)).toEqual(comparable(await ask(publish(body, USUALLY))));
  });
});

describe("whatever else is asked", () => {
  test.each<[string, number, () => string]>([
    ["a body that is no JSON", 422, () => publish("{nonsense}")],
    [
      "a body with a key twice",
      422,
      () => publish('{"eventType":"a","eventType":"b","payload":{}}'),
    ],
    ["a body that misses something", 422, () => publish({ payload: {} })],
    ["a payload that is no object", 422, () => publish({ eventType: "a.b" })],
    ["a time that is none", 422, () => publish({ ...EVENT, deliverAt: "tomorrow" })],
    ["a time too far ahead", 422, () => publish({ ...EVENT, deliverAt: "2999-01-01T00:00:00Z" })],
    ["an unknown application", 404, () => publish(EVENT, { app: "nobody" })],
    [
      "an application that is brought",
      202,
      () => publish({ ...EVENT, application: { name: "n", uid: "brought" } }, { app: "brought" }),
    ],
    ["an unknown key", 401, () => publish(EVENT, { key: "sk_test_unknown" })],
    ["another environment's key", 404, () => publish(EVENT, { key: world.liveKey })],
    [
      "another query",
      422,
      () => publish(EVENT, { line: `POST /api/v1/app/${appId}/msg?with_content=no HTTP/1.1` }),
    ],
    ["the last of its connection", 202, () => publish(EVENT, { headers: { connection: "close" } })],
    [
      "another operation",
      200,
      () =>
        `GET /api/v1/app/${appId} HTTP/1.1\r\nhost: a\r\nx-api-key: ${world.sandboxKey}\r\n\r\n`,
    ],
    ["nothing that is there", 404, () => "GET /nothing HTTP/1.1\r\nhost: a\r\n\r\n"],
    ["what is not HTTP", 400, () => "nonsense\r\n\r\n"],
    ["two lengths", 400, () => publish(EVENT).replace("host: ", "content-length: 3\r\nhost: ")],
    ["a wrong content type", 415, () => publish(EVENT, { headers: { "content-type": "a/b" } })],
  ])("%s is answered %d, the usual way", async (_what, status, data) => {
    const answer = await ask(data());
    expect(answer.status).toBe(status);
    expect(usual).toBe(status === 400 ? 0 : 1);
    expect(answer.headers["x-content-type-options"]).toBe("nosniff");
  });

  test("a key that may only read is told so, and a portal's token too", async () => {
    const made = await world.call("POST", "/api/v1/api-key", {
      body: { name: "r", scope: "read" },
    });
    const key = String(made.body.key);
    const refused = await ask(publish(EVENT, { key }));
    expect([refused.status, usual]).toEqual([403, 1]);
    const access = await world.call("POST", `/api/v1/auth/app-portal-access/${appId}`, {
      body: {},
    });
    const denied = await ask(publish(EVENT, { key: String(access.body.token) }));
    expect([denied.status, usual]).toEqual([403, 2]);
  });

  test("when something is short, new work is turned away", async () => {
    pressure = { part: "disk", detail: "The disk is nearly full." };
    try {
      const refused = await ask(publish(EVENT));
      expect([refused.status, refused.headers["retry-after"], usual]).toEqual([503, "1", 1]);
    } finally {
      pressure = undefined;
    }
  });
});

describe("a key", () => {
  test("is limited over both ways together", async () => {
    const limited = await World.open({ limits: { perKey: { count: 3, perMs: 3_600_000 } } });
    const client = await RawClient.open(await limited.listen());
    const spelling = { app: "default", key: limited.sandboxKey };
    const statuses: number[] = [];
    for (let n = 0; n < 4; n += 1) {
      statuses.push((await client.send(publish(EVENT, spelling)).receive()).status);
    }
    expect(statuses).toEqual([202, 202, 202, 429]);
    const other = await limited.call("GET", "/api/v1/app");
    expect(other.status).toBe(429);
    client.socket.destroy();
    await limited.close();
  });

  test("that was removed publishes no more, not even on a connection that it used", async () => {
    const made = await world.call("POST", "/api/v1/api-key", { body: { name: "w" } });
    const key = String(made.body.key);
    const client = await RawClient.open(url);
    expect((await client.send(publish(EVENT, { key })).receive()).status).toBe(202);
    await world.call("DELETE", `/api/v1/api-key/${made.body.id}`);
    expect((await client.send(publish(EVENT, { key })).receive()).status).toBe(401);
    client.socket.destroy();
  });
});

describe("a connection", () => {
  test("may publish first and ask for other things later", async () => {
    const client = await RawClient.open(url);
    const ids: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      ids.push((await client.send(publish(EVENT)).receive()).body.id);
    }
    expect([new Set(ids).size, usual]).toEqual([3, 0]);
    const get = `GET /api/v1/app/${appId}/msg/${ids[0]} HTTP/1.1\r\nhost: a\r\nx-api-key: ${world.sandboxKey}\r\n\r\n`;
    expect((await client.send(get).receive()).body.id).toBe(ids[0]);
    expect((await client.send(publish(EVENT)).receive()).status).toBe(202);
    expect(usual).toBe(2);
    client.socket.destroy();
  });

  test.each([1, 40, 250])("whose request comes in pieces of %d bytes is answered", async (size) => {
    const client = await RawClient.open(url);
    const data = publish(EVENT);
    for (let at = 0; at < data.length; at += size) {
      client.send(data.slice(at, at + size));
      await new Promise(setImmediate);
    }
    expect((await client.receive()).status).toBe(202);
    client.socket.destroy();
  });

  test("that does not wait for answers gets all of them, in order", async () => {
    const client = await RawClient.open(url);
    const count = 40;
    // The first alone; the others while it is being stored, some of them in one piece.
    client.send(publish({ ...EVENT, eventId: "p-0" }));
    await new Promise(setImmediate);
    for (let n = 1; n < count; n += 1) {
      client.send(publish({ ...EVENT, eventId: `p-${n}` }));
      if (n % 7 === 0) await new Promise(setImmediate);
    }
    for (let n = 0; n < count; n += 1) {
      const { status, body } = await client.receive();
      expect([status, body.eventId]).toEqual([202, `p-${n}`]);
    }
    client.socket.destroy();
  });

  test("whose client ends it after the request still gets its answer", async () => {
    const client = await RawClient.open(url);
    // Known by now, so that nothing but the commit is waited for.
    await client.send(publish(EVENT)).receive();
    client.send(publish(EVENT)).socket.end();
    expect((await client.receive()).status).toBe(202);
    await client.closed();
    expect(usual).toBe(0);
  });

  test("whose client is gone disturbs nobody", async () => {
    const client = await RawClient.open(url);
    client.send(publish({ ...EVENT, eventId: "gone" })).socket.resetAndDestroy();
    await client.closed();
    expect((await ask(publish(EVENT))).status).toBe(202);
  });
});

test("an application in use is looked up again behind the wall, though asked for outside of it", async () => {
  const wall = new TenantWall();
  const clock = new SkippableClock();
  const scope = new Scope(world.node.storage.guarded(wall), clock);
  const { environmentId } = world.environments.sandbox;
  const identity = { environmentId } as Identity;
  const find = (): unknown => scope.applicationId(identity, appId);
  expect(await wall.run({ environmentId, applicationIds: [] }, find)).toBe(appId);
  const knownAfter = (ms: number): string | undefined => {
    clock.aheadMs = ms;
    return scope.knownApplicationId(identity, appId);
  };
  expect(knownAfter(600)).toBe(appId);
  // Too old by now, had it not been looked up again.
  await expect.poll(() => knownAfter(1_100)).toBe(appId);
});

test("a bug in telling one answer costs nobody else theirs, and what was asked is not done twice", async () => {
  const failures: unknown[] = [];
  const log: Log = {
    ...silentLog,
    info(fields) {
      const isPublish = "method" in fields && fields.method === "POST";
      if (isPublish && failures.length === 0) throw new Error("a bug");
    },
    error: (fields) => void failures.push("err" in fields && fields.err),
  };
  const buggy = await World.open({ log });
  const address = await buggy.listen();
  const spelling = { app: "default", key: buggy.sandboxKey };
  const clients = [await RawClient.open(address), await RawClient.open(address)];
  const told = clients.map((client) => {
    const answered = client.send(publish(EVENT, spelling)).receive();
    return Promise.race([answered.then(({ status }) => status), client.closed()]);
  });
  expect(new Set(await Promise.all(told))).toEqual(new Set([202, undefined]));
  expect(failures).toEqual([new Error("a bug")]);
  const { body } = await buggy.call("GET", "/api/v1/app/default/msg");
  expect(body.data).toHaveLength(2);
  await buggy.close();
});

test("while the server stops, a publish under way is answered and its connection ended", async () => {
  const stopping = await World.open();
  const address = await stopping.listen();
  const spelling = { app: "default", key: stopping.sandboxKey };
  const [idle, busy] = [await RawClient.open(address), await RawClient.open(address)];
  for (const client of [idle, busy]) await client.send(publish(EVENT, spelling)).receive();
  const { engine } = stopping.node;
  const publishNow = engine.publishFor.bind(engine);
  const begun = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  engine.publishFor = (...asked) => {
    begun.resolve();
    void released.promise.then(() => publishNow(...asked));
  };
  const answered = busy.send(publish(EVENT, spelling)).receive();
  await begun.promise;
  const stopped = stopping.close();
  await idle.closed();
  released.resolve();
  const { status, headers } = await answered;
  expect([status, headers["connection"]]).toEqual([202, "close"]);
  await Promise.all([busy.closed(), stopped]);
});
