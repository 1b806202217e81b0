/** The battery API on the wire: shapes, refusals, isolation, idempotency. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureSandboxBatteries } from "../../src/battery/sandbox-batteries.ts";
import { timeOfId } from "../../src/core/ids.ts";
import { sql } from "../support/factories.ts";
import { addDevice, ids, type TestDevice } from "./battery-node.ts";
import { type Answer, BatteryApi } from "./battery-api.ts";

let api: BatteryApi;
let live: TestDevice;

beforeAll(async () => {
  api = await BatteryApi.start();
  const { environments, node } = api;
  const { environmentId } = environments.sandbox;
  await ensureSandboxBatteries(node.storage, ids, { environmentId, count: 3 });
  live = await addDevice(node.storage, environments.live.environmentId);
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
const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown;

async function device(ending = ""): Promise<string> {
  const { environmentId } = api.environments.sandbox;
  return (await addDevice(api.node.storage, environmentId, { ending })).deviceId;
}

async function ended(actionId: string): Promise<Answer> {
  const { environmentId } = api.environments.sandbox;
  await api.node.ended({ environmentId, actionId });
  return api.call(`/actions/${actionId}`);
}

describe("batteries", () => {
  test("a fresh sandbox lists its batteries, ready to push to", async () => {
    const { status, body } = await api.call("/battery");
    expect(status).toBe(200);
    expect(body.meta).toMatchObject({
      environment: "sandbox",
      requestId: expect.stringMatching(/^req_/) as unknown,
      timestamp: ISO,
      latencyMs: expect.any(Number) as unknown,
      pagination: { offset: 0, limit: 50, total: 3, hasMore: false },
    });
    const batteries = body.data as unknown as Record<string, unknown>[];
    expect(batteries.map(({ name }) => name)).toEqual([
      "Sandbox battery 1",
      "Sandbox battery 2",
      "Sandbox battery 3",
    ]);
    expect(batteries[0]).toMatchObject({
      id: batteries[0]?.["deviceId"],
      deviceType: "battery",
      userId: "user_1",
      reachable: true,
      state: {
        soc: { value: expect.any(Number) as unknown, unit: "percent" },
        power: { unit: "kw" },
        mode: "auto.balanced",
        observedAt: ISO,
      },
      lastAction: null,
      createdAt: ISO,
    });
    const answer = await api.push(String(batteries[0]?.["id"]), CHARGE);
    expect(answer.status).toBe(202);
    await ended(answer.body.data.id);
  });

  test("making the first batteries again adds none, even from many starts at once", async () => {
    const { storage } = api.node;
    const { environmentId } = api.environments.sandbox;
    const again = { environmentId, count: 5 };
    const starts = Array.from({ length: 5 }, () => ensureSandboxBatteries(storage, ids, again));
    expect(await Promise.all(starts)).toEqual([0, 0, 0, 0, 0]);
  });

  test("one battery shows what it can do", async () => {
    const { body } = await api.call(`/battery/${await device()}`);
    const percent = { units: ["percent"], min: 0, max: 100 };
    const power = { units: ["kw"], min: 0.1, max: 5, default: 5 };
    expect(body.data["capabilities"]).toEqual({
      commands: {
        charge: {
          parameters: { target: { ...percent, default: 100 }, power },
          executions: ["immediate"],
        },
        discharge: {
          parameters: { target: { ...percent, default: 0 }, power },
          executions: ["immediate"],
        },
        idle: { parameters: {}, executions: ["immediate"] },
        ...Object.fromEntries(
          ["auto.balanced", "auto.reserve", "auto.export"].map((mode) => [
            mode,
            {
              parameters: { power, reserve: { ...percent, default: 20 } },
              executions: ["immediate"],
            },
          ]),
        ),
      },
      settings: {},
      conflictStrategies: [],
    });
  });

  test("a second look shows the kept state; expedite reads again", async () => {
    const deviceId = await device();
    const first = await api.call(`/battery/${deviceId}`);
    expect(first.body.data["reachable"]).toBe(true);
    await api.node.events.until(
      async () => {
        const [row] = await sql(api.node.storage, "SELECT state FROM device WHERE device_id = $1", [
          deviceId,
        ]);
        api.node.events.signal();
        return row?.["state"] !== null;
      },
      { describe: () => "the reading to be kept" },
    );
    const second = await api.call(`/battery/${deviceId}?expedite=false`);
    expect(second.body.data["reachable"]).toBeNull();
    expect(second.body.data["state"]).toEqual(first.body.data["state"]);
    const third = await api.call(`/battery/${deviceId}?expedite`);
    expect(third.body.data["reachable"]).toBe(true);
  });

  test("an unreachable battery is shown as such, not as an error", async () => {
    const { status, body } = await api.call(`/battery/${await device("_offline")}`);
    expect(status).toBe(200);
    expect(body.data).toMatchObject({ reachable: false, state: null });
  });

  test("no battery has settings yet, and says so", async () => {
    const deviceId = await device();
    const none = await api.call(`/battery/${deviceId}/settings`, { body: {} });
    expect(none.body).toMatchObject({ success: true, data: { deviceId, updated: [] } });
    const body = { backupReserve: 20 };
    const refused = await api.call(`/battery/${deviceId}/settings`, { body });
    expect(refused.status).toBe(422);
    expect(refused.body.error).toMatchObject({
      code: "UNSUPPORTED_SETTING",
      details: { settings: ["backupReserve"], supportedSettings: {} },
    });
  });
});

describe("push", () => {
  test("answers 202 with the action, which can be polled to its end", async () => {
    const deviceId = await device();
    const { status, body } = await api.push(deviceId, CHARGE);
    expect(status).toBe(202);
    expect(body.data).toEqual({
      id: expect.stringMatching(/^act_[0-9A-Za-z]{27}$/) as unknown,
      deviceId,
      deviceType: "battery",
      actionType: "battery:set_operation_mode",
      command: "charge",
      parameters: CHARGE.action.parameters,
      state: "acknowledged",
      result: null,
      errorCode: null,
      errorMessage: null,
      createdAt: ISO,
      updatedAt: ISO,
      acknowledgedAt: ISO,
      completedAt: null,
      start: null,
      end: null,
      links: { self: `/actions/${body.data.id}` },
    });
    const after = await ended(body.data.id);
    expect(after.body.data).toEqual({
      ...body.data,
      state: "completed",
      result: { success: true, message: "Mode applied" },
      updatedAt: after.body.data["completedAt"],
      completedAt: ISO,
    });
  });

  test("parameters come back in their own order and exactly as quantities", async () => {
    const body =
      '{"action":{"command":"discharge","parameters":{"power":{"unit":"kw","value":1.50},' +
      '"target":{"unit":"percent","value":2e1}}}}';
    const answer = await api.push(await device(), body);
    expect(JSON.stringify(answer.body.data["parameters"])).toBe(
      '{"target":{"value":20,"unit":"percent"},"power":{"value":1.5,"unit":"kw"}}',
    );
  });

  test("sandbox forces the failure, which the action tells", async () => {
    const sandbox = { outcome: "failed", errorCode: "SCHEDULER_ACTIVE", delay: "10ms" };
    const { body } = await api.push(await device(), { ...CHARGE, sandbox });
    expect((await ended(body.data.id)).body.data).toMatchObject({
      state: "failed",
      result: null,
      errorCode: "SCHEDULER_ACTIVE",
      completedAt: null,
    });
  });

  test("a busy battery is a conflict that names the action in the way", async () => {
    const deviceId = await device();
    const first = await api.push(deviceId, SLOW);
    const second = await api.push(deviceId, CHARGE);
    expect(second.status).toBe(409);
    expect(second.body.error).toMatchObject({
      code: "CONFLICT",
      details: {
        reason: "action_in_progress",
        conflictingActionIds: [first.body.data.id],
        strategies: [],
      },
    });
  });

  test("live ignores sandbox, whatever it asks for", async () => {
    const body = { ...CHARGE, sandbox: { outcome: "completed", errorCode: "X", delay: "never" } };
    const { key, deviceId } = { key: api.keys.live, deviceId: live.deviceId };
    const answer = await api.call(`/battery/${deviceId}`, { key, body });
    expect(answer.status).toBe(202);
    expect(answer.body.meta["environment"]).toBe("live");
    const [row] = await sql(api.node.storage, "SELECT sandbox FROM action WHERE action_id = $1", [
      answer.body.data.id,
    ]);
    expect(row).toEqual({ sandbox: null });
  });
});

describe("idempotency", () => {
  test("the same key and body return the same action, now and after its end", async () => {
    const deviceId = await device();
    const key = { "idempotency-key": "first" };
    const first = await api.push(deviceId, CHARGE, key);
    const again = await api.push(deviceId, CHARGE, key);
    expect(again.status).toBe(202);
    expect(again.body.data.id).toBe(first.body.data.id);
    await ended(first.body.data.id);
    const later = await api.push(deviceId, CHARGE, key);
    expect(later.status).toBe(202);
    expect(later.body.data).toMatchObject({ id: first.body.data.id, state: "completed" });
  });

  test("another body is refused; another battery or environment has keys of its own", async () => {
    const deviceId = await device();
    const key = { "idempotency-key": "second" };
    await api.push(deviceId, SLOW, key);
    const other = await api.push(deviceId, CHARGE, key);
    expect(other.status).toBe(422);
    expect(other.body.error).toMatchObject({
      code: "INVALID_REQUEST",
      details: { reason: "idempotency.mismatch" },
    });
    expect((await api.push(await device(), CHARGE, key)).status).toBe(202);
  });

  test("many at once make one action", async () => {
    const deviceId = await device();
    const key = { "idempotency-key": "third" };
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => api.push(deviceId, CHARGE, key)),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(answers.map(({ body }) => body.data.id)).size).toBe(1);
  });

  test.for(["", "x".repeat(256), "käse"])("the key %j is refused", async (key) => {
    const answer = await api.push(await device(), CHARGE, { "idempotency-key": key });
    expect(answer.status).toBe(400);
    expect(answer.body.error).toMatchObject({
      code: "INVALID_REQUEST",
      details: { reason: "idempotency.malformed" },
    });
  });
});

describe("lists", () => {
  test("actions come newest first, filtered, in pages that fit together", async () => {
    const deviceId = await device();
    const pushed: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      const sandbox = { outcome: count === 2 ? "failed" : "completed", delay: "1ms" };
      const { body } = await api.push(deviceId, { ...CHARGE, sandbox });
      pushed.push(body.data.id);
      await ended(body.data.id);
    }
    // Ids carry the time to 4 ms; what is closer together has no order but that of its ids.
    const made = pushed.toSorted().toReversed();
    const list = async (url: string): Promise<[string[], unknown]> => {
      const { body } = await api.call(url);
      const data = body.data as unknown as { id: string }[];
      return [data.map(({ id }) => id), body.meta["pagination"]];
    };
    const of = `/battery/${deviceId}/actions`;
    expect(await list(of)).toEqual([made, { offset: 0, limit: 50, total: 5, hasMore: false }]);
    expect(await list(`${of}?limit=2&offset=1`)).toEqual([
      made.slice(1, 3),
      { offset: 1, limit: 2, total: 5, hasMore: true },
    ]);
    expect(await list(`/actions?deviceId=${deviceId}&state=failed`)).toEqual([
      [pushed[2]],
      { offset: 0, limit: 50, total: 1, hasMore: false },
    ]);
    expect((await list(`/actions?deviceId=${deviceId}&deviceType=car`))[0]).toEqual([]);
    const middle = timeOfId(pushed[2] ?? "") ?? 0;
    const from = `2020-01-01T00:00:00Z`;
    const split = new Date(middle).toISOString();
    for (const path of [`/actions?deviceId=${deviceId}&`, `${of}?`, "/actions?limit=5&"]) {
      const since = made.filter((id) => (timeOfId(id) ?? 0) >= middle);
      expect((await list(`${path}after=${split}`))[0]).toEqual(since);
      const [until, { total }] = (await list(`${path}after=${from}&before=${split}`)) as [
        string[],
        { total: number },
      ];
      expect(until.slice(0, made.length - since.length)).toEqual(made.slice(since.length));
      expect(total).toBeGreaterThanOrEqual(made.length - since.length);
    }
    expect((await list("/actions?limit=5"))[0]).toEqual(made);
    const mine = await api.call("/battery?limit=250");
    const batteries = mine.body.data as unknown as { id: string; lastAction: { id: string } }[];
    expect(batteries.find(({ id }) => id === deviceId)?.lastAction.id).toBe(made[0]);
  });

  test("actions are found by user", async () => {
    const [row] = await sql<{ device_id: string }>(
      api.node.storage,
      "SELECT device_id FROM device WHERE user_id = 'user_2'",
    );
    const pushed = await api.push(row?.device_id ?? "", CHARGE);
    const { body } = await api.call("/actions?userId=user_2");
    expect((body.data as unknown as { id: string }[]).map(({ id }) => id)).toEqual([
      pushed.body.data.id,
    ]);
  });
});

describe("cancel", () => {
  test.for(["acknowledged", "completed", "failed"])("a %s action stays as it is", async (state) => {
    const delay = state === "acknowledged" ? "1000s" : "1ms";
    const outcome = state === "failed" ? "failed" : "completed";
    const { body } = await api.push(await device(), { ...CHARGE, sandbox: { outcome, delay } });
    const { id } = body.data;
    if (state !== "acknowledged") await ended(id);
    const answer = await api.call(`/actions/${id}/cancel`, { method: "POST" });
    expect(answer.status).toBe(409);
    expect(answer.body.error).toMatchObject({
      code: "ACTION_NOT_CANCELLABLE",
      details: { state, reason: "action.transition", cancellableStates: ["scheduled"] },
    });
    expect((await api.call(`/actions/${id}`)).body.data["state"]).toBe(state);
  });
});
