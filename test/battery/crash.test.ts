/**
 * A process dies, or is paused, at every step between acceptance and the committed end. Whoever takes
 * over brings the action to the same end, with exactly one effect on the battery and one message.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type {
  Connector,
  DeviceSession,
  DispatchOutcome,
} from "../../src/battery/connectors/connector.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createEndpoint, createTenant, sql, type Tenant } from "../support/factories.ts";
import { type FaultyStorage, openStorage } from "../support/test-node.ts";
import {
  addDevice,
  BatteryNode,
  messagesOf,
  newAction,
  sandboxOrder,
  type TestDevice,
  writesOf,
} from "./battery-node.ts";

let database: TestDatabase;
let storage: FaultyStorage;
let tenant: Tenant;
const nodes: BatteryNode[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  storage = openStorage(database.url);
  tenant = await createTenant(storage);
  await createEndpoint(storage, tenant);
});

afterAll(async () => {
  for (const node of nodes) await node.stop();
  await storage.close();
  await database.drop();
});

async function startNode(wrap?: (connector: Connector) => Connector): Promise<BatteryNode> {
  const node = new BatteryNode({ url: database.url, ...(wrap !== undefined && { wrap }) });
  nodes.push(node);
  return node.start();
}

/** The connector with another way to dispatch. */
function dispatching(
  connector: Connector,
  dispatch: (session: DeviceSession) => DeviceSession["dispatch"],
): Connector {
  return {
    ...connector,
    connect: (device, order) => {
      const session = connector.connect(device, order);
      return {
        patienceMs: session.patienceMs,
        read: (limits) => session.read(limits),
        plan: (wanted, snapshot) => session.plan(wanted, snapshot),
        dispatch: dispatch(session),
        confirm: (plan, limits) => session.confirm(plan, limits),
        refresh: (plan, ticket, limits) => session.refresh(plan, ticket, limits),
        release: (limits) => session.release(limits),
      };
    },
  };
}

/** Lets a test step in right after the device answered a dispatch. */
function afterDispatch(connector: Connector, step: () => Promise<void>): Connector {
  return dispatching(connector, (session) => async (plan, ticket, limits) => {
    const outcome = await session.dispatch(plan, ticket, limits);
    await step();
    return outcome;
  });
}

/** Answers without ever reaching the device. */
function answering(connector: Connector, outcome: DispatchOutcome): Connector {
  return dispatching(connector, () => async () => outcome);
}

function dieing(node: BatteryNode): never {
  node.die();
  throw new Error("The process died.");
}

interface Point {
  name: string;
  arm: (node: BatteryNode) => void;
}

const before = (name: string, statement: string): Point => ({
  name,
  arm: (node) => {
    node.storage.before = (running) => void (running === statement && dieing(node));
  },
});
const after = (name: string, statement: string): Point => ({
  name,
  arm: (node) => {
    node.storage.after = (running) => void (running === statement && dieing(node));
  },
});

const POINTS: Point[] = [
  before("before the device is read", "load-sandbox-batteries"),
  before("before the intent", "journal-intents"),
  after("after the intent", "journal-intents"),
  after("after the bytes", "save-sandbox-batteries"),
  { name: "after the answer", arm: () => undefined },
  before("before the end is committed", "settle-actions"),
  after("after the end is committed", "settle-actions"),
];

const ORDERS = [
  { outcome: "completed", sandbox: null, code: null, writes: 1 },
  {
    outcome: "failed",
    sandbox: sandboxOrder("failed", { errorCode: "SCHEDULER_ACTIVE" }),
    code: "SCHEDULER_ACTIVE",
    writes: 0,
  },
] as const;

async function expectOneEffect(
  device: TestDevice,
  actionId: string,
  expected: { outcome: string; code: string | null; writes: number },
): Promise<void> {
  const [action] = await sql(storage, "SELECT state, error_code FROM action WHERE action_id = $1", [
    actionId,
  ]);
  expect(action).toEqual({ state: expected.outcome, error_code: expected.code });
  expect(await writesOf(storage, device.deviceId)).toBe(expected.writes);
  const messages = await messagesOf(storage, actionId);
  expect(messages.map((message) => message.event_type)).toEqual([`push.${expected.outcome}`]);
  const owed = await sql(storage, "SELECT message_id FROM delivery WHERE message_id = $1", [
    messages[0]?.message_id,
  ]);
  expect(owed).toHaveLength(1);
}

describe("death", () => {
  for (const order of ORDERS) {
    test.for(POINTS)(`$name: ${order.outcome} once`, async ({ name, arm }) => {
      let first: BatteryNode | undefined;
      const dies = async (): Promise<void> => {
        if (name === "after the answer" && first !== undefined) dieing(first);
      };
      first = await startNode((connector) => afterDispatch(connector, dies));
      const device = await addDevice(storage, tenant.environmentId);
      const push = newAction(device, { sandbox: order.sandbox });
      arm(first);
      expect((await first.acceptor.accept(push)).kind).toBe("accepted");
      const died = first;
      if (name === "after the bytes" && order.writes === 0) {
        // Nothing is written to a battery that refuses, so the process lives.
        await died.ended(push);
      } else {
        await died.events.until(() => died.dead);
      }
      const second = await startNode();
      await second.ended(push);
      await second.events.until(() => second.driver.health().active === 0);
      await expectOneEffect(device, push.actionId, order);
      await second.driver.stop();
    });
  }
});

/** A gate that lets nobody through until it is opened. */
function gate(): { reached: Promise<void>; pass: () => Promise<void>; open: () => void } {
  const reached = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  return {
    reached: reached.promise,
    pass: () => {
      reached.resolve();
      return opened.promise;
    },
    open: opened.resolve,
  };
}

const expectedOnce = { outcome: "completed", code: null, writes: 1 };

describe("a pause, with another owner when it ends", () => {
  test.for(["journal-intents", "settle-actions"])("before %s", async (statement) => {
    const paused = gate();
    const first = await startNode();
    first.storage.before = (name) => (name === statement ? paused.pass() : undefined);
    const device = await addDevice(storage, tenant.environmentId);
    const push = newAction(device);
    await first.acceptor.accept(push);
    await paused.reached;
    const second = await startNode();
    await second.ended(push);
    paused.open();
    await first.events.until(() => first.driver.health().active === 0);
    await expectOneEffect(device, push.actionId, expectedOnce);
    expect(first.handedOff).toEqual([]);
    expect(second.handedOff).toHaveLength(1);
  });

  test("its failure does not end what the new owner is driving", async () => {
    const paused = gate();
    const held = gate();
    const refusing = (connector: Connector): Connector =>
      answering(connector, { kind: "rejected", code: "DEVICE_REJECTED", message: "No." });
    const first = await startNode(refusing);
    first.storage.before = (name) => (name === "settle-actions" ? paused.pass() : undefined);
    const device = await addDevice(storage, tenant.environmentId);
    const push = newAction(device);
    await first.acceptor.accept(push);
    await paused.reached;
    const second = new BatteryNode({ url: database.url });
    nodes.push(second);
    second.storage.before = (name) => (name === "journal-intents" ? held.pass() : undefined);
    await second.start();
    await held.reached;
    paused.open();
    await first.events.until(() => first.driver.health().active === 0);
    held.open();
    await second.ended(push);
    await expectOneEffect(device, push.actionId, expectedOnce);
  });

  test("between the intent and the write, it notices that its lease is gone", async () => {
    const paused = gate();
    const first = await startNode();
    first.storage.after = (name) => (name === "journal-intents" ? paused.pass() : undefined);
    const device = await addDevice(storage, tenant.environmentId);
    const push = newAction(device);
    await first.acceptor.accept(push);
    await paused.reached;
    const second = await startNode();
    await second.ended(push);
    const lost = first.ownership.lose();
    paused.open();
    await lost;
    await expectOneEffect(device, push.actionId, expectedOnce);
  });
});

describe("leaving", () => {
  test("a node that stops lets go of long actions, and the next one ends them", async () => {
    const first = new BatteryNode({ url: database.url, hurry: 50, speed: 1 });
    nodes.push(first);
    await first.start();
    const device = await addDevice(storage, tenant.environmentId);
    const sandbox = sandboxOrder("completed", { delayMs: 600_000 });
    const push = newAction(device, { sandbox });
    await first.acceptor.accept(push);
    await first.events.until(async () => (await writesOf(storage, device.deviceId)) === 1, {
      describe: () => "the write",
    });
    await first.driver.stop();
    expect(first.driver.health()).toMatchObject({ active: 0, completed: 0 });
    const second = new BatteryNode({ url: database.url, hurry: 50, speed: 1_000 });
    nodes.push(second);
    await second.start();
    await second.ended(push);
    await expectOneEffect(device, push.actionId, expectedOnce);
  });

  test("memory is bounded: what does not fit waits in the database, and all of it ends", async () => {
    const node = new BatteryNode({ url: database.url, activeMax: 8 });
    nodes.push(node);
    await node.start();
    const devices = await Promise.all(
      Array.from({ length: 100 }, () => addDevice(storage, tenant.environmentId)),
    );
    const pushes = devices.map((device) => newAction(device));
    const active: number[] = [];
    node.storage.before = () => void active.push(node.driver.health().active);
    await Promise.all(pushes.map((push) => node.acceptor.accept(push)));
    for (const push of pushes) expect((await node.ended(push)).state).toBe("completed");
    expect(Math.max(...active)).toBe(8);
    const counts = await Promise.all(devices.map(({ deviceId }) => writesOf(storage, deviceId)));
    expect(new Set(counts)).toEqual(new Set([1]));
  });
});
