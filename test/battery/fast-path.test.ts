/** Pushes over real sockets: past Node's HTTP server they are answered as it would answer them. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { RawClient, type Received } from "../support/raw-client.ts";
import { type Answer, BatteryApi } from "./battery-api.ts";
import { addDevice } from "./battery-node.ts";

let api: BatteryApi;
let url: string;
/** Requests that took the usual way, since the test began. */
let usual = 0;

beforeAll(async () => {
  api = await BatteryApi.start();
  url = await api.app.listen({ host: "127.0.0.1", port: 0 });
  api.app.server.on("request", () => {
    usual += 1;
  });
});
afterAll(() => api.stop());
beforeEach(() => {
  usual = 0;
});

const CHARGE = {
  action: {
    command: "charge",
    parameters: { target: { value: 90, unit: "percent" }, power: { value: 3, unit: "kw" } },
  },
};
const SLOW = { ...CHARGE, sandbox: { outcome: "completed", delay: "1000s" } };

async function device(): Promise<string> {
  const { environmentId } = api.environments.sandbox;
  return (await addDevice(api.node.storage, environmentId)).deviceId;
}

async function send(
  deviceId: string,
  body: unknown,
  changes: Record<string, string> = {},
): Promise<Received> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const headers = {
    host: "amps.example",
    "x-api-key": api.keys.sandbox,
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(text)),
    ...changes,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const head = [`POST /battery/${deviceId} HTTP/1.1`, ...lines].join("\r\n");
  const client = await RawClient.open(url);
  const answer = await client.send(`${head}\r\n\r\n${text}`).receive();
  client.socket.destroy();
  return answer;
}

/** What was answered, but for ids, times and what is of the connection. */
function said({ status, headers, body }: Answer | Received): unknown {
  const of = new Set(["date", "content-length", "connection", "keep-alive"]);
  const kept = Object.entries(headers).filter(([name]) => !of.has(name));
  const text = JSON.stringify(body)
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
    .replaceAll(/\b(act|dev|req)_\w+/g, "$1_")
    .replaceAll(/"latencyMs":\d+/g, '"latencyMs":0');
  return { status, headers: Object.fromEntries(kept), text };
}

describe("a push", () => {
  test("is accepted and answered with the very headers and fields of the usual way", async () => {
    const fast = await send(await device(), SLOW);
    expect([fast.status, usual]).toEqual([202, 0]);
    expect(said(fast)).toEqual(said(await api.push(await device(), SLOW)));
    expect((await api.call(`/actions/${fast.body.data.id}`)).status).toBe(200);
  });

  test("to a busy battery is refused in the same words", async () => {
    const deviceId = await device();
    await send(deviceId, SLOW);
    const refused = await send(deviceId, CHARGE);
    expect([refused.status, refused.body.error.code, usual]).toEqual([409, "CONFLICT", 0]);
    expect(said(refused)).toEqual(said(await api.push(deviceId, CHARGE)));
  });

  test("with an idempotency key gets the first action, whichever way it comes", async () => {
    const deviceId = await device();
    const key = { "idempotency-key": "push-1" };
    const first = await send(deviceId, SLOW, key);
    const again = await send(deviceId, SLOW, key);
    expect([first.status, again.status, usual]).toEqual([202, 202, 0]);
    const usually = await api.push(deviceId, SLOW, key);
    expect([again.body.data.id, usually.body.data.id]).toEqual([
      first.body.data.id,
      first.body.data.id,
    ]);
    const mismatch = await send(deviceId, CHARGE, key);
    expect(said(mismatch)).toEqual(said(await api.push(deviceId, CHARGE, key)));
  });

  test.each([
    ["a command that it cannot do", { action: { command: "fly" } }],
    [
      "a power beyond it",
      {
        action: { ...CHARGE.action, parameters: { power: { value: 900, unit: "kw" } } },
      },
    ],
    ["a scheduled start", { action: { ...CHARGE.action, start: "2999-01-01T00:00:00Z" } }],
  ])("of %s is refused in the same words", async (_what, body) => {
    const deviceId = await device();
    const refused = await send(deviceId, body);
    expect([refused.status >= 400, usual]).toEqual([true, 0]);
    expect(said(refused)).toEqual(said(await api.push(deviceId, body)));
  });

  test.each<[string, unknown, Record<string, string>, number]>([
    ["no battery", CHARGE, {}, 404],
    ["a body that is no JSON", "{", {}, 400],
    ["an unknown field", { ...CHARGE, extra: 1 }, {}, 422],
    ["an unknown key", CHARGE, { "x-api-key": "sk_test_unknown" }, 401],
  ])("with %s is left to the usual way", async (what, body, headers, status) => {
    const refused = await send(what === "no battery" ? "dev_0" : await device(), body, headers);
    expect([refused.status, usual]).toEqual([status, 1]);
  });

  test("by a key that may only read is refused the usual way", async () => {
    const refused = await send(await device(), CHARGE, { "x-api-key": api.keys.read });
    expect([refused.status, usual]).toEqual([403, 1]);
  });
});
