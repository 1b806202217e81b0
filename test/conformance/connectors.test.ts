/**
 * One suite that every connector of the list passes, each against its own far side. A connector
 * without a harness fails; what a far side cannot be made to do is skipped by name.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type {
  Connector,
  DeviceReference,
  DeviceSession,
  Limits,
  Plan,
  Setpoint,
  Snapshot,
} from "../../src/battery/connectors/connector.ts";
import { CONNECTORS } from "../../src/battery/connectors/list.ts";
import { systemClock } from "../../src/clock.ts";
import { type CommandName, COMMANDS } from "../../src/core/action.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createIds } from "../support/factories.ts";
import { type FaultyStorage, openStorage } from "../support/test-node.ts";
import { writesOf } from "../battery/battery-node.ts";

/** What a far side can be told to do wrong. */
type Trouble = "offline" | "answers never, applies" | "answers never, applies not" | "answers late";

interface Harness {
  /** A device for each test, neither full nor empty; undefined: the far side cannot do this. */
  device: (trouble?: Trouble) => DeviceReference | undefined;
  /** Physical writes that reached the device. */
  writes: (device: DeviceReference) => Promise<number>;
}

const ids = createIds();
let database: TestDatabase;
let storage: FaultyStorage;

const SANDBOX_FAULTS: Record<Trouble, string> = {
  offline: "offline",
  "answers never, applies": "timeout_applied",
  "answers never, applies not": "timeout_not_applied",
  "answers late": "late_ack(600)",
};

const HARNESSES: Record<string, Harness> = {
  sandbox: {
    device: (trouble) => ({
      deviceId: ids.make("dev_"),
      config: { socPercent: 50, ...(trouble !== undefined && { fault: SANDBOX_FAULTS[trouble] }) },
    }),
    writes: (device) => writesOf(storage, device.deviceId),
  },
};

beforeAll(async () => {
  database = await createTestDatabase();
  storage = openStorage(database.url);
});

afterAll(async () => {
  await storage.close();
  await database.drop();
});

/** Storage is opened before the tests, but the list is read before that. */
const lazyStorage = new Proxy({} as FaultyStorage, {
  get: (_target, name) => {
    const value: unknown = Reflect.get(storage, name, storage);
    return typeof value === "function" ? value.bind(storage) : value;
  },
});

function limits(durationMs = 10_000, signal = new AbortController().signal): Limits {
  return { deadlineAt: systemClock.monotonic() + durationMs, signal };
}

const ticket = { actionId: ids.make("act_"), epoch: 1, dispatchNumber: 1 };

async function snapshotOf(session: DeviceSession): Promise<Snapshot> {
  const reading = await session.read(limits());
  if (reading.kind !== "read") throw new Error(`The device could not be read: ${reading.kind}`);
  return reading.snapshot;
}

function orderFor(connector: Connector, device: DeviceReference, command: CommandName): Setpoint {
  const parameters = connector.describe(device).capabilities.commands[command]?.parameters ?? {};
  return {
    mode: command,
    ...(parameters.power !== undefined && { powerWMax: parameters.power.max * 500 }),
    ...(parameters.target !== undefined && { targetPercent: 42 }),
    ...(parameters.reserve !== undefined && { reservePercent: 42 }),
  };
}

const tools = { storage: lazyStorage, clock: systemClock, sandboxSpeed: 500 };
const connectors = CONNECTORS.map((make) => make(tools));

test("every connector has a name of its own and a far side to be tested against", () => {
  expect(new Set(connectors.map(({ name }) => name)).size).toBe(connectors.length);
  expect(connectors.map(({ name }) => name).sort()).toEqual(Object.keys(HARNESSES).sort());
});

describe.for(connectors)("$name", (connector) => {
  const harness = HARNESSES[connector.name] ?? { device: () => undefined, writes: async () => 0 };

  function open(trouble?: Trouble): { device: DeviceReference; session: DeviceSession } {
    const device = harness.device(trouble);
    if (device === undefined) throw new Error("The far side cannot do this.");
    return { device, session: connector.connect(device, null) };
  }

  async function planned(
    trouble?: Trouble,
    command: CommandName = "charge",
  ): Promise<{ device: DeviceReference; session: DeviceSession; plan: Plan }> {
    const { device, session } = open(trouble);
    const plan = session.plan(orderFor(connector, device, command), await snapshotOf(session));
    return { device, session, plan };
  }

  const reasonFor = (trouble: Trouble): string =>
    harness.device(trouble) === undefined ? ` (skipped: its far side has no "${trouble}")` : "";
  const able = (trouble: Trouble): boolean => harness.device(trouble) !== undefined;

  test("its configuration fields are complete", () => {
    const { configFields } = connector;
    expect(new Set(configFields.map(({ name }) => name)).size).toBe(configFields.length);
    for (const { name, meaning, type, fallback, min, max } of configFields) {
      expect(name).toMatch(/^[a-z][A-Za-z0-9]*$/);
      expect(meaning).not.toBe("");
      if (fallback !== undefined) expect(typeof fallback).toBe(type);
      if (typeof fallback === "number") {
        expect(fallback).toBeGreaterThanOrEqual(min ?? -Infinity);
        expect(fallback).toBeLessThanOrEqual(max ?? Infinity);
      }
    }
  });

  test("it describes a device the same way every time, with ranges that make sense", () => {
    const { device } = open();
    const description = connector.describe(device);
    expect(connector.describe(device)).toEqual(description);
    const commands = Object.entries(description.capabilities.commands);
    expect(commands.length).toBeGreaterThan(0);
    for (const [command, { parameters, executions }] of commands) {
      expect(COMMANDS).toContain(command);
      expect(executions).toContain("immediate");
      for (const range of Object.values(parameters)) {
        expect(range.min).toBeLessThanOrEqual(range.default);
        expect(range.default).toBeLessThanOrEqual(range.max);
        expect(range.units).toHaveLength(1);
      }
    }
    const { dispatchMs, confirmMs, actionMs } = description.timeouts;
    expect(Math.min(dispatchMs, confirmMs)).toBeGreaterThan(0);
    expect(actionMs).toBeGreaterThanOrEqual(Math.max(dispatchMs, confirmMs));
  });

  test("a reading is live and plausible", async () => {
    const snapshot = await snapshotOf(open().session);
    expect(snapshot.source).toBe("live");
    expect(snapshot.socPercent).toBeGreaterThanOrEqual(0);
    expect(snapshot.socPercent).toBeLessThanOrEqual(100);
    expect(Number.isInteger(snapshot.powerW)).toBe(true);
    expect(COMMANDS).toContain(snapshot.mode);
  });

  test("a plan is pure, covers everything once, and switches the mode last", async () => {
    const { device, session } = open();
    const snapshot = Object.freeze(await snapshotOf(session));
    const order = Object.freeze(orderFor(connector, device, "charge"));
    const plan = session.plan(order, snapshot);
    expect(session.plan(order, snapshot)).toEqual(plan);
    expect(plan.setpoint).toEqual(order);
    const covered = plan.steps.flatMap(({ covers }) => covers);
    expect([...covered].sort()).toEqual(["mode", "powerWMax", "reservePercent", "targetPercent"]);
    expect(plan.steps.at(-1)?.covers).toContain("mode");
    expect(await harness.writes(device)).toBe(0);
  });

  test("every command it claims is accepted, confirmed and held, with one write", async () => {
    const { device } = open();
    const claimed = Object.keys(connector.describe(device).capabilities.commands);
    for (const command of COMMANDS.filter((name) => claimed.includes(name))) {
      const { session, plan, device: own } = await planned(undefined, command);
      expect(await session.dispatch(plan, ticket, limits())).toEqual({ kind: "accepted" });
      expect((await session.confirm(plan, limits())).kind).toBe("applied");
      const { mode, setpoint } = await snapshotOf(session);
      expect(mode).toBe(command);
      expect(setpoint).toEqual(plan.setpoint);
      expect(await harness.writes(own)).toBe(1);
    }
  });

  test("charging is positive power, discharging negative", async () => {
    for (const [command, sign] of [
      ["charge", 1],
      ["discharge", -1],
    ] as const) {
      const { device, session } = open();
      const order = { mode: command, powerWMax: 1_000 };
      const plan = session.plan(order, await snapshotOf(session));
      // Power ramps: every answer gives it time to follow.
      for (let dispatchNumber = 1; dispatchNumber <= 6; dispatchNumber += 1) {
        await session.dispatch(plan, { ...ticket, dispatchNumber }, limits());
      }
      const { powerW } = await snapshotOf(session);
      expect([device.deviceId, Math.sign(powerW)]).toEqual([device.deviceId, sign]);
      expect(Math.abs(powerW)).toBeLessThanOrEqual(1_000);
    }
  });

  test("a repeat of an absolute setpoint leads to the same state", async () => {
    const { device, session, plan } = await planned();
    const { repeatClass } = connector.describe(device);
    if (repeatClass !== "absolute") return;
    await session.dispatch(plan, ticket, limits());
    const { setpoint } = await snapshotOf(session);
    await session.refresh(plan, { ...ticket, dispatchNumber: 2 }, limits());
    expect((await snapshotOf(session)).setpoint).toEqual(setpoint);
    expect((await session.confirm(plan, limits())).kind).toBe("applied");
  });

  test("what was never sent is not confirmed", async () => {
    const { session, plan } = await planned();
    expect((await session.confirm(plan, limits())).kind).toBe("not_applied");
  });

  test("release returns the device to its own mode, once", async () => {
    const { device, session, plan } = await planned();
    await session.dispatch(plan, ticket, limits());
    expect(await session.release(limits())).toEqual({ kind: "released" });
    const { setpoint } = await snapshotOf(session);
    const writes = await harness.writes(device);
    expect(await session.release(limits())).toEqual({ kind: "released" });
    expect((await snapshotOf(session)).setpoint).toEqual(setpoint);
    expect(await harness.writes(device)).toBe(writes);
    expect((await session.confirm(plan, limits())).kind).not.toBe("applied");
  });

  test("what is called off before sending sends nothing", async () => {
    const { device, session, plan } = await planned();
    const stopped = limits(10_000, AbortSignal.abort());
    expect((await session.dispatch(plan, ticket, stopped)).kind).toBe("not_sent");
    expect(await harness.writes(device)).toBe(0);
  });

  test.skipIf(!able("answers late"))(
    `called off, or at the deadline, after sending is ambiguous${reasonFor("answers late")}`,
    async () => {
      const { session, plan } = await planned("answers late");
      const stop = new AbortController();
      const waiting = session.dispatch(plan, ticket, limits(10_000, stop.signal));
      await new Promise(setImmediate);
      stop.abort();
      expect((await waiting).kind).toBe("ambiguous");
      const { session: other, plan: otherPlan } = await planned("answers late");
      expect((await other.dispatch(otherPlan, ticket, limits(5))).kind).toBe("ambiguous");
    },
  );

  test.skipIf(!able("answers never, applies"))(
    `a lost answer tells nothing; reading tells${reasonFor("answers never, applies")}`,
    async () => {
      const applied = await planned("answers never, applies");
      const lost = await planned("answers never, applies not");
      const first = await applied.session.dispatch(applied.plan, ticket, limits());
      const second = await lost.session.dispatch(lost.plan, ticket, limits());
      expect(first.kind).toBe("ambiguous");
      expect(second).toEqual(first);
      expect((await applied.session.confirm(applied.plan, limits())).kind).toBe("applied");
      expect((await lost.session.confirm(lost.plan, limits())).kind).toBe("not_applied");
    },
  );

  test.skipIf(!able("offline"))(
    `an unreachable device is no error, and nothing was sent${reasonFor("offline")}`,
    async () => {
      const { device, session } = open("offline");
      const reachable = open();
      const snapshot = await snapshotOf(reachable.session);
      const plan = session.plan(orderFor(connector, device, "charge"), snapshot);
      expect((await session.read(limits())).kind).toBe("unreachable");
      expect((await session.dispatch(plan, ticket, limits())).kind).toBe("not_sent");
      expect((await session.confirm(plan, limits(20))).kind).toBe("unknown");
      expect((await session.release(limits())).kind).toBe("not_released");
      expect(await harness.writes(device)).toBe(0);
    },
  );
});
