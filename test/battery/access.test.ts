/** Who may do what: keys, scopes, environments. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BatteryApi } from "./battery-api.ts";
import { addDevice, ids } from "./battery-node.ts";

let api: BatteryApi;

beforeAll(async () => {
  api = await BatteryApi.start();
});

afterAll(async () => {
  await api.stop();
});

const CHARGE = {
  action: {
    command: "charge",
    parameters: { target: { value: 90, unit: "percent" }, power: { value: 3, unit: "kw" } },
  },
};
const SLOW = { ...CHARGE, sandbox: { outcome: "completed", delay: "1000s" } };
async function device(ending = ""): Promise<string> {
  const { environmentId } = api.environments.sandbox;
  return (await addDevice(api.node.storage, environmentId, { ending })).deviceId;
}

describe("who may", () => {
  const paths = (deviceId: string, actionId: string): [string, "GET" | "POST", string][] =>
    [
      ["GET", `/battery/${deviceId}`, "DEVICE_NOT_FOUND"],
      ["POST", `/battery/${deviceId}`, "DEVICE_NOT_FOUND"],
      ["POST", `/battery/${deviceId}/settings`, "DEVICE_NOT_FOUND"],
      ["GET", `/battery/${deviceId}/actions`, "DEVICE_NOT_FOUND"],
      ["GET", `/actions/${actionId}`, "NOT_FOUND"],
      ["POST", `/actions/${actionId}/cancel`, "NOT_FOUND"],
    ].map(([method, path, code]) => [path ?? "", method === "POST" ? "POST" : "GET", code ?? ""]);

  test("another environment's ids are as absent as made-up and broken ones", async () => {
    const deviceId = await device();
    const { body } = await api.push(deviceId, SLOW);
    const foreign = paths(deviceId, body.data.id);
    const absent = paths(ids.make("dev_"), ids.make("act_"));
    const broken = paths("dev_%00", "act_%00'");
    for (const [url, method, code] of [...foreign, ...absent, ...broken]) {
      const options = method === "POST" ? { method, body: {} } : { method };
      const answer = await api.call(url, { key: api.keys.live, ...options });
      expect([url, answer.status, answer.body.error.code]).toEqual([url, 404, code]);
    }
    const list = await api.call(`/actions?deviceId=${deviceId}`, { key: api.keys.live });
    expect(list.body.data).toEqual([]);
  });

  test("no key, a bad key, a key in the query: 401 everywhere, before anything else", async () => {
    const all = [...paths("dev_1", "act_1"), ["/battery", "GET"], ["/actions", "GET"]] as const;
    for (const [url, method] of all) {
      const none = await api.call(url, { key: "", method });
      expect([url, none.status, none.body.error.code]).toEqual([url, 401, "UNAUTHORIZED"]);
      const bad = await api.call(url, { key: "sk_test_wrong", method });
      expect([url, bad.status, bad.body.error.code]).toEqual([url, 401, "INVALID_API_KEY"]);
      const query = await api.call(`${url}?api_key=${api.keys.sandbox}`, { key: "", method });
      expect(query.status).toBe(401);
      expect(query.body.meta["environment"]).toBeNull();
    }
  });

  test("a key that only reads may read, and nothing else", async () => {
    const deviceId = await device();
    const { read } = api.keys;
    expect((await api.call(`/battery/${deviceId}`, { key: read })).status).toBe(200);
    const answer = await api.call(`/battery/${deviceId}`, { key: read, body: CHARGE });
    expect(answer.status).toBe(403);
    expect(answer.body.error.code).toBe("INSUFFICIENT_PERMISSIONS");
    const { body } = await api.call(`/battery/${deviceId}/actions`);
    expect(body.data).toEqual([]);
  });

  test("the key may come as a bearer token", async () => {
    const headers = { authorization: `Bearer ${api.keys.sandbox}` };
    expect((await api.call("/battery", { key: "", headers })).status).toBe(200);
  });
});
