/** Actions from acceptance to their end, on a real database, against every fault of the sandbox. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createEndpoint, createTenant, sql, type Tenant } from "../support/factories.ts";
import {
  addDevice,
  BatteryNode,
  messagesOf,
  newAction,
  sandboxOrder,
  writesOf,
} from "./battery-node.ts";

let database: TestDatabase;
let node: BatteryNode;
let tenant: Tenant;

beforeAll(async () => {
  database = await createTestDatabase();
  node = new BatteryNode({ url: database.url });
  tenant = await createTenant(node.storage);
  await createEndpoint(node.storage, tenant, { eventTypes: ["push.completed", "push.failed"] });
  await node.start();
});

afterAll(async () => {
  await node.stop();
  await database.drop();
});

const device = (ending = ""): ReturnType<typeof addDevice> =>
  addDevice(node.storage, tenant.environmentId, { ending });

/** Fault → how a push ends, and how many times the battery was written. */
const ENDS: [fault: string, end: string, writes: number][] = [
  ["ok", "completed", 1],
  ["reject", "DEVICE_REJECTED", 0],
  ["scheduler_active", "SCHEDULER_ACTIVE", 0],
  ["auth_expired", "INVALID_CREDENTIALS", 0],
  ["busy_then_ok_1", "completed", 1],
  ["timeout_applied", "completed", 1],
  ["timeout_not_applied", "NOT_APPLIED", 0],
  ["partial", "PARTIALLY_APPLIED", 2],
  ["late_ack_5", "completed", 1],
  ["late_ack_60", "completed", 1],
  ["duplicate_ack", "completed", 1],
  ["early_revert_900", "completed", 1],
  ["early_revert_1", "NOT_APPLIED", 1],
  ["power_clamped", "completed", 1],
  ["already_at_target", "completed", 1],
];

describe("ends", () => {
  test.for(ENDS)("%s: %s after %i writes", async ([fault, end, writes]) => {
    const battery = await device(`_${fault}`);
    const action = await node.drive(battery);
    expect(action.errorCode ?? action.state).toBe(end);
    expect(await writesOf(node.storage, battery.deviceId)).toBe(writes);
    const messages = await messagesOf(node.storage, action.actionId);
    expect(messages.map((message) => message.event_type)).toEqual([
      end === "completed" ? "push.completed" : "push.failed",
    ]);
  });

  test("the sandbox order wins over the fault of the device", async () => {
    const battery = await device("_offline");
    const action = await node.drive(battery, { sandbox: sandboxOrder("completed") });
    expect(action.state).toBe("completed");
    expect(await writesOf(node.storage, battery.deviceId)).toBe(1);
  });

  test("the sandbox order names the error, and nothing is written", async () => {
    const battery = await device();
    const sandbox = sandboxOrder("failed", { errorCode: "MY_OWN_CODE", delayMs: 10 });
    const action = await node.drive(battery, { sandbox });
    expect(action).toMatchObject({ state: "failed", errorCode: "MY_OWN_CODE", completedAt: null });
    expect(await writesOf(node.storage, battery.deviceId)).toBe(0);
  });

  test("another serial number than the enrolled one is never written", async () => {
    const battery = await addDevice(node.storage, tenant.environmentId, {
      config: { serial: "ANOTHER" },
    });
    const action = await node.drive(battery);
    expect(action.errorCode).toBe("DEVICE_IDENTITY_MISMATCH");
    expect(await writesOf(node.storage, battery.deviceId)).toBe(0);
  });

  test("an action that waited too long is not started any more", async () => {
    const battery = await device();
    const push = newAction(battery);
    await sql(
      node.storage,
      `INSERT INTO action (environment_id, action_id, device_id, device_type, bucket, command,
         parameters, state, created_at, updated_at, acknowledged_at)
       SELECT $1, $2, $3, 'battery', $4, 'charge', '{}', 'acknowledged', at, at, at
       FROM (SELECT now() - interval '6 minutes' AS at) AS t`,
      [push.environmentId, push.actionId, push.deviceId, push.bucket],
    );
    node.driver.notified("amps_action", String(push.bucket));
    const action = await node.ended(push);
    expect(action.errorCode).toBe("EXPIRED");
    expect(await writesOf(node.storage, battery.deviceId)).toBe(0);
  });
});

describe("deadlines", () => {
  test.for([
    ["offline", "DEVICE_OFFLINE"],
    ["busy_then_ok_99", "DEVICE_BUSY"],
  ] as const)(
    "%s for the whole time allowed: %s, and nothing was written",
    async ([fault, code], { onTestFinished }) => {
      // Slow enough for a database that lets some hundred milliseconds pass.
      const hurried = new BatteryNode({ url: database.url, hurry: 20 });
      onTestFinished(async () => {
        await hurried.stop();
        await node.ownership.acquire(node.storage);
      });
      await hurried.start();
      const battery = await device(`_${fault}`);
      const startedAt = performance.now();
      const action = await hurried.drive(battery);
      // Thirty seconds of its time.
      expect(performance.now() - startedAt).toBeGreaterThan(1_450);
      expect(action.errorCode).toBe(code);
      expect(await writesOf(node.storage, battery.deviceId)).toBe(0);
    },
  );
});

describe("what an end leaves behind", () => {
  test("push.completed has the exact bytes of the contract", async () => {
    const action = await node.drive(await device());
    const [message] = await messagesOf(node.storage, action.actionId);
    const at = new Date(action.completedAt ?? 0).toISOString();
    expect(message?.payload.toString()).toBe(
      `{"actionId":"${action.actionId}","deviceId":"${action.deviceId}",` +
        `"actionType":"battery:set_operation_mode","parameters":{"mode":"charge",` +
        `"target":{"value":90,"unit":"percent"},"power":{"value":3,"unit":"kw"}},` +
        `"result":{"success":true,"message":"Mode applied"},"completedAt":"${at}"}`,
    );
  });

  test("push.failed has no result, and tells the code", async () => {
    const action = await node.drive(await device("_scheduler_active"), { parameters: "{}" });
    const [message] = await messagesOf(node.storage, action.actionId);
    const at = new Date(action.updatedAt).toISOString();
    expect(message?.payload.toString()).toBe(
      `{"actionId":"${action.actionId}","deviceId":"${action.deviceId}",` +
        `"actionType":"battery:set_operation_mode","parameters":{"mode":"charge"},` +
        `"error":{"code":"SCHEDULER_ACTIVE","message":"${action.errorMessage}"},"failedAt":"${at}"}`,
    );
  });

  test("the delivery is committed with it and handed to the engine", async () => {
    const action = await node.drive(await device());
    const [message] = await messagesOf(node.storage, action.actionId);
    const owed = await sql<{ due_at: number }>(
      node.storage,
      "SELECT due_at FROM delivery WHERE message_id = $1",
      [message?.message_id],
    );
    expect(owed).toHaveLength(1);
    const handed = node.handedOff.filter((row) => row.messageId === message?.message_id);
    expect(handed).toHaveLength(1);
    expect(handed[0]).toMatchObject({ eventType: "push.completed", channels: null });
    expect(handed[0]?.payload).toEqual(message?.payload);
    expect(handed[0]?.dueAt).toBe(owed[0]?.due_at);
  });

  test("the journal tells every dispatch and what came of it", async () => {
    const action = await node.drive(await device("_busy_then_ok_1"));
    const journal = await sql(
      node.storage,
      `SELECT dispatch_number, outcome, length(plan_hash) AS digits FROM dispatch_journal
       WHERE action_id = $1 ORDER BY dispatch_number`,
      [action.actionId],
    );
    expect(journal).toEqual([
      { dispatch_number: 1, outcome: "busy", digits: 64 },
      { dispatch_number: 2, outcome: "accepted", digits: 64 },
    ]);
  });

  test("the device shows what was read to confirm", async () => {
    const action = await node.drive(await device());
    const [row] = await sql<{ state: string; observed_at: number }>(
      node.storage,
      "SELECT state, observed_at FROM device WHERE device_id = $1",
      [action.deviceId],
    );
    const state: unknown = JSON.parse(row?.state ?? "null");
    expect(state).toMatchObject({ mode: "charge", target: { value: 90, unit: "percent" } });
    expect(row?.observed_at).toBeGreaterThanOrEqual(action.createdAt - 1);
  });
});

describe("settling", () => {
  test("one end that the database refuses holds up no other", async () => {
    const before = newAction(await device(), {
      sandbox: sandboxOrder("completed", { delayMs: 0 }),
    });
    const broken = newAction(await device(), {
      sandbox: sandboxOrder("failed", { errorCode: "NUL \0", delayMs: 0 }),
    });
    const others = await Promise.all(Array.from({ length: 20 }, () => device()));
    const pushes = [before, broken, ...others.map((battery) => newAction(battery))];
    await Promise.all(pushes.map((push) => node.acceptor.accept(push)));
    for (const push of pushes.filter((each) => each !== broken)) {
      expect((await node.ended(push)).state).toBe("completed");
    }
    const [row] = await sql(node.storage, "SELECT state FROM action WHERE action_id = $1", [
      broken.actionId,
    ]);
    expect(row).toEqual({ state: "acknowledged" });
    await sql(node.storage, "UPDATE action SET state = 'failed' WHERE action_id = $1", [
      broken.actionId,
    ]);
  });

  test("a database that is away for a while loses no end", async () => {
    let refusals = 3;
    node.storage.before = (name) => {
      if (name !== "settle-actions" || refusals === 0) return;
      refusals -= 1;
      throw new Error("The connection is gone.");
    };
    const action = await node.drive(await device());
    node.storage.before = () => undefined;
    expect(action.state).toBe("completed");
    expect(refusals).toBe(0);
    expect(await messagesOf(node.storage, action.actionId)).toHaveLength(1);
  });

  test("an end whose answer was lost is told once", async () => {
    let lost = false;
    node.storage.after = (name) => {
      if (name !== "settle-actions" || lost) return;
      lost = true;
      throw new Error("The connection is gone.");
    };
    const action = await node.drive(await device());
    node.storage.after = () => undefined;
    expect(lost).toBe(true);
    expect(await messagesOf(node.storage, action.actionId)).toHaveLength(1);
    expect(await writesOf(node.storage, action.deviceId)).toBe(1);
  });
});

describe("acceptance", () => {
  test("a second open action of a device is refused with the first one's id", async () => {
    const battery = await device();
    const first = newAction(battery, {
      sandbox: sandboxOrder("completed", { delayMs: 1_000_000 }),
    });
    expect((await node.acceptor.accept(first)).kind).toBe("accepted");
    expect(await node.push(battery)).toEqual({
      kind: "in_progress",
      conflictingActionIds: [first.actionId],
    });
    await node.ended(first);
    expect((await node.push(battery)).kind).toBe("accepted");
  });

  test("of many pushes at once to one device exactly one is accepted", async () => {
    const battery = await device();
    const outcomes = await Promise.all(Array.from({ length: 40 }, () => node.push(battery)));
    expect(outcomes.filter(({ kind }) => kind === "accepted")).toHaveLength(1);
    expect(outcomes.filter(({ kind }) => kind === "in_progress")).toHaveLength(39);
  });

  test("one key makes one action, at once, later and after its end", async () => {
    const battery = await device();
    const idempotency = { keyHash: Buffer.alloc(32, 1), requestHash: Buffer.alloc(32, 2) };
    const pushes = Array.from({ length: 20 }, () => newAction(battery, { idempotency }));
    const outcomes = await Promise.all(pushes.map((push) => node.acceptor.accept(push)));
    const accepted = outcomes.flatMap((outcome) =>
      outcome.kind === "accepted" ? [outcome.action] : [],
    );
    expect(accepted).toHaveLength(1);
    const actionId = accepted[0]?.actionId ?? "";
    const replays = outcomes.filter(({ kind }) => kind !== "accepted");
    expect(replays).toEqual(Array.from({ length: 19 }, () => ({ kind: "replayed", actionId })));
    await node.ended({ ...battery, actionId });
    expect(await node.push(battery, { idempotency })).toEqual({ kind: "replayed", actionId });
    const other = { ...idempotency, requestHash: Buffer.alloc(32, 3) };
    expect(await node.push(battery, { idempotency: other })).toEqual({
      kind: "idempotency_mismatch",
    });
  });

  test("a known key in a batch fails nobody else in it", async () => {
    const known = await device();
    const idempotency = { keyHash: Buffer.alloc(32, 9), requestHash: Buffer.alloc(32, 9) };
    const first = newAction(known, { idempotency });
    await node.acceptor.accept(first);
    await node.ended(first);
    const others = await Promise.all(Array.from({ length: 5 }, () => device()));
    const outcomes = await Promise.all([
      ...others.map((battery) => node.push(battery)),
      node.push(known, { idempotency }),
    ]);
    expect(outcomes.map(({ kind }) => kind)).toEqual([
      ...Array.from({ length: 5 }, () => "accepted"),
      "replayed",
    ]);
  });
});
