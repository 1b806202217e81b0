/** What the simulated battery does over simulated time, moved by hand. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../../test/support/database.ts";
import { createIds } from "../../../../test/support/factories.ts";
import { createManualClock } from "../../../../test/support/manual-clock.ts";
import { type FaultyStorage, openStorage } from "../../../../test/support/test-node.ts";
import type { DeviceSession, Limits, SandboxOrder, Setpoint, Snapshot } from "../connector.ts";
import { createSandboxConnector } from "./index.ts";

const ids = createIds();
const MINUTE_MS = 60_000;
/** A whole number of minutes, and of the three seconds in which a flapping battery changes. */
const START_MS = 1_800_000_000_000;
const clock = createManualClock(START_MS);
const ticket = { actionId: "act_1", epoch: 1, dispatchNumber: 1 };
let database: TestDatabase;
let storage: FaultyStorage;

beforeAll(async () => {
  database = await createTestDatabase();
  storage = openStorage(database.url);
});

afterAll(async () => {
  await storage.close();
  await database.drop();
});

function connect(
  config: Record<string, number | string>,
  order: SandboxOrder | null = null,
  speed = 1,
): DeviceSession {
  const connector = createSandboxConnector({ storage, clock, speed });
  return connector.connect({ deviceId: ids.make("dev_"), config }, order);
}

function limits(durationMs = 30_000): Limits {
  return { deadlineAt: clock.monotonic() + durationMs, signal: new AbortController().signal };
}

/** Moves time in steps, a turn of the event loop apart, until `work` is done. */
async function passing<T>(work: Promise<T>, stepMs = 100): Promise<{ value: T; tookMs: number }> {
  const startedAt = clock.monotonic();
  const progress = { done: false };
  const finished = work.finally(() => {
    progress.done = true;
  });
  while (!progress.done) {
    await new Promise(setImmediate);
    if (clock.pending() > 0 && !progress.done) clock.advance(stepMs);
  }
  return { value: await finished, tookMs: clock.monotonic() - startedAt };
}

async function read(session: DeviceSession): Promise<Snapshot> {
  const reading = await session.read(limits());
  if (reading.kind !== "read") throw new Error(`Not read: ${reading.kind}`);
  return reading.snapshot;
}

async function send(session: DeviceSession, order: Setpoint): Promise<{ tookMs: number }> {
  const plan = session.plan(order, await read(session));
  const { value, tookMs } = await passing(session.dispatch(plan, ticket, limits(4_000_000)));
  expect(value).toEqual({ kind: "accepted" });
  return { tookMs };
}

describe("time", () => {
  test("a battery takes two seconds to answer, and the time a push asks for", async () => {
    expect(await send(connect({}), { mode: "idle" })).toEqual({ tookMs: 2_000 });
    const order = { outcome: "completed", errorCode: "X", delayMs: 600_000 } as const;
    expect(await send(connect({}, order), { mode: "idle" })).toEqual({ tookMs: 600_000 });
    expect(await send(connect({}, order, 100), { mode: "idle" })).toEqual({ tookMs: 6_000 });
  });

  test("a failure that is asked for late comes as it was asked for, on a clock that never rests", async () => {
    let passedMs = 0;
    // As a real one: each look at it is later than the one before.
    const restless = { ...clock, monotonic: () => clock.monotonic() + (passedMs += 0.001) };
    const connector = createSandboxConnector({ storage, clock: restless, speed: 1 });
    const order = { outcome: "failed", errorCode: "SCHEDULER_ACTIVE", delayMs: 30_000 } as const;
    const session = connector.connect({ deviceId: ids.make("dev_"), config: {} }, order);
    const plan = session.plan({ mode: "idle" }, await read(session));
    const { value } = await passing(session.dispatch(plan, ticket, limits(60_000)));
    expect(value).toMatchObject({ kind: "rejected", code: "SCHEDULER_ACTIVE" });
  });

  test("an hour of charging shows; at a speed of sixty, after a minute", async () => {
    for (const [speed, spanMs] of [
      [1, 60 * MINUTE_MS],
      [60, MINUTE_MS],
    ] as const) {
      const session = connect({ socPercent: 20, fault: "late_ack(0)" }, null, speed);
      const before = await read(session);
      await send(session, { mode: "charge", powerWMax: 3_000 });
      clock.advance(spanMs);
      const after = await read(session);
      const gainKwh = ((after.socPercent - before.socPercent) * 13.5) / 100;
      expect(gainKwh).toBeCloseTo(3 * Math.sqrt(0.9), 1);
      expect(after.powerW).toBe(3_000);
      expect(after.observedAt).toBe(clock.now());
    }
  });

  test("what it shows follows from its id and the time alone", async () => {
    const connector = createSandboxConnector({ storage, clock, speed: 1 });
    const device = { deviceId: ids.make("dev_"), config: {} };
    const first = await read(connector.connect(device, null));
    expect(await read(connector.connect(device, null))).toEqual(first);
    const another = { deviceId: ids.make("dev_"), config: {} };
    const other = await read(connector.connect(another, null));
    expect(other.serial).not.toBe(first.serial);
  });
});

describe("faults over time", () => {
  test("early_revert: it obeys, and later it does not", async () => {
    const session = connect({ fault: "early_revert(60)" });
    await send(session, { mode: "charge", targetPercent: 90 });
    expect((await read(session)).setpoint).toEqual({ mode: "charge", targetPercent: 90 });
    clock.advance(MINUTE_MS);
    expect((await read(session)).setpoint).toEqual({ mode: "auto.balanced" });
  });

  test("power_clamped: it holds the setpoint, and gives half of it", async () => {
    const session = connect({ fault: "power_clamped", socPercent: 50 });
    await send(session, { mode: "charge", powerWMax: 5_000 });
    clock.advance(MINUTE_MS);
    expect(await read(session)).toMatchObject({ powerW: 2_500, setpoint: { powerWMax: 5_000 } });
  });

  test("already_at_target: full from the start, so charging does nothing", async () => {
    const session = connect({ fault: "already_at_target" });
    await send(session, { mode: "charge" });
    clock.advance(MINUTE_MS);
    expect(await read(session)).toMatchObject({ socPercent: 100, powerW: 0, mode: "charge" });
  });

  test("flapping: three seconds there, three seconds not", async () => {
    const session = connect({ fault: "flapping" });
    clock.advance(6_000 - (clock.now() % 6_000));
    const kinds: string[] = [];
    for (let seconds = 0; seconds < 12; seconds += 3) {
      kinds.push((await session.read(limits())).kind);
      clock.advance(3_000);
    }
    expect(kinds).toEqual(["read", "unreachable", "read", "unreachable"]);
  });

  test("a confirmation waits for a battery that flaps", async () => {
    const session = connect({ fault: "flapping" });
    clock.advance(6_000 - (clock.now() % 6_000));
    const plan = session.plan({ mode: "idle" }, await read(session));
    clock.advance(3_000);
    const { value, tookMs } = await passing(session.confirm(plan, limits()));
    expect(value.kind).toBe("not_applied");
    expect(tookMs).toBe(3_000);
  });

  test("late_ack: later than anybody waits, it is ambiguous", async () => {
    const session = connect({ fault: "late_ack(16)" });
    const plan = session.plan({ mode: "idle" }, await read(session));
    const { value, tookMs } = await passing(session.dispatch(plan, ticket, limits()));
    expect(value.kind).toBe("ambiguous");
    expect(tookMs).toBe(15_000);
    expect((await session.confirm(plan, limits())).kind).toBe("applied");
  });
});
