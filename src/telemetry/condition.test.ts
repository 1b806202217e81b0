import { beforeEach, describe, expect, test } from "vitest";
import { createManualClock, type ManualClock } from "../../test/support/manual-clock.ts";
import { Metrics } from "../core/metrics.ts";
import { Condition } from "./condition.ts";
import { DiskWatch, type MemoryReading, MemoryWatch, shareSockets } from "./resources.ts";
import { StatementWatch } from "./statement-watch.ts";

const MEBIBYTE = 1024 * 1024;
const ROOMY: MemoryReading = {
  residentBytes: 150 * MEBIBYTE,
  usedBytes: 80 * MEBIBYTE,
  heapBytes: 50 * MEBIBYTE,
  heapBytesMax: 1024 * MEBIBYTE,
  limitBytes: 256 * MEBIBYTE,
};

let clock: ManualClock;
let watch: StatementWatch;
let memory: MemoryReading;
let disk: { freeBytes: number; totalBytes: number };
let unrecorded: number;
let waiting: number;
let lease: boolean;
let condition: Condition;

beforeEach(async () => {
  clock = createManualClock();
  watch = new StatementWatch(new Metrics(), clock);
  memory = ROOMY;
  disk = { freeBytes: 50_000 * MEBIBYTE, totalBytes: 100_000 * MEBIBYTE };
  unrecorded = 0;
  waiting = 0;
  lease = true;
  const diskWatch = new DiskWatch("/data", clock, () => Promise.resolve(disk));
  await diskWatch.start();
  condition = new Condition({
    watch,
    memory: new MemoryWatch(clock, () => memory),
    disk: diskWatch,
    roles: new Set(["api", "engine", "battery"]),
    leaseIsValid: () => lease,
    owned: () => ({ delivery: 64, device: 64 }),
    engine: () => ({
      counters: { attempted: 0, delivered: 0, failed: 0, exhausted: 0 },
      accepted: 0,
      publishing: 0,
      inFlight: 0,
      queued: 0,
      queuedBytes: 0,
      lanes: 0,
      unrecorded,
      waiting: { throttled: 0, application_throttled: 0, failing: 0, breaker_open: 0, ramping: 0 },
    }),
    pool: () => ({ total: 6, idle: 0, waiting }),
  });
});

/** Lets the disk be looked at again. */
async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  await new Promise<void>((resolve) => setImmediate(resolve));
}

const unwell = (): string[] =>
  Object.entries(condition.health()).flatMap(([name, { status }]) =>
    status === "ok" ? [] : [name],
  );

test("a node at ease is well and takes everything", () => {
  expect(unwell()).toEqual([]);
  expect(condition.pressure()).toBeUndefined();
});

describe("health", () => {
  test("a lost lease is the node's", () => {
    lease = false;
    expect(unwell()).toEqual(["node"]);
  });

  test("results that cannot be stored are the engine's, until they can", async () => {
    unrecorded = 10;
    watch.begun("record-attempts")(false);
    await pass(14_000);
    watch.begun("record-attempts")(false);
    expect(unwell()).toEqual([]);
    await pass(2_000);
    expect(unwell()).toEqual(["engine"]);
    watch.begun("record-attempts")(true);
    expect(unwell()).toEqual([]);
  });

  test("so many results that no attempt starts are the engine's at once", () => {
    unrecorded = 5_000;
    expect(unwell()).toEqual(["engine"]);
  });

  test("a store that hangs counts like one that fails", async () => {
    unrecorded = 1;
    const ended = watch.begun("record-attempts");
    await pass(16_000);
    expect(unwell()).toEqual(["engine"]);
    ended(true);
    expect(unwell()).toEqual([]);
  });

  test("an engine that finds nothing any more is unwell, a node without a lease excused", async () => {
    watch.begun("find-waiting-lanes")(true);
    watch.begun("find-open-actions")(true);
    await pass(16_000);
    expect(unwell()).toEqual(["engine", "batteries"]);
    lease = false;
    expect(unwell()).toEqual(["node"]);
  });

  test("actions that cannot be settled are the batteries', but not one refused for good", async () => {
    watch.begun("settle-actions")(false);
    await pass(16_000);
    expect(unwell()).toEqual([]);
    watch.begun("settle-actions")(false);
    expect(unwell()).toEqual(["batteries"]);
  });
});

describe("pressure", () => {
  test("memory: near the limit while really in use, or a full heap", async () => {
    memory = { ...ROOMY, residentBytes: 240 * MEBIBYTE };
    expect(condition.pressure()).toBeUndefined();
    await pass(100);
    memory = { ...memory, usedBytes: 130 * MEBIBYTE };
    expect(condition.pressure()).toMatchObject({ part: "memory", everything: true });
    expect(unwell()).toEqual(["memory"]);
    await pass(100);
    memory = { ...ROOMY, limitBytes: undefined, heapBytes: 950 * MEBIBYTE };
    expect(condition.pressure()).toMatchObject({ part: "memory" });
    await pass(100);
    memory = ROOMY;
    expect(condition.pressure()).toBeUndefined();
  });

  test("callers that wait for the database", () => {
    waiting = 255;
    expect(condition.pressure()).toBeUndefined();
    waiting = 256;
    expect(condition.pressure()).toMatchObject({ part: "pool", everything: true });
  });

  test.each(["insert-messages", "insert-actions"])("a commit that hangs: %s", async (name) => {
    const ended = watch.begun(name);
    await pass(5_000);
    expect(condition.pressure()).toBeUndefined();
    await pass(1);
    expect(condition.pressure()).toEqual({ part: "commits", detail: "The database is behind." });
    ended(true);
    expect(condition.pressure()).toBeUndefined();
  });

  test.each([
    [511, 100_000, true],
    [513, 100_000, false],
    [31, 200, true],
    [33, 200, false],
  ])("%i MiB free of %i: short %s", async (free, total, short) => {
    disk = { freeBytes: free * MEBIBYTE, totalBytes: total * MEBIBYTE };
    await pass(2_000);
    expect(condition.pressure()?.part).toBe(short ? "disk" : undefined);
    expect(unwell()).toEqual(short ? ["disk"] : []);
    disk = { freeBytes: 60_000 * MEBIBYTE, totalBytes: 100_000 * MEBIBYTE };
    await pass(2_000);
    expect(condition.pressure()).toBeUndefined();
  });
});

test.each([
  [1_024, { receivers: 576, clients: 288 }],
  [Infinity, { receivers: 4_096, clients: 2_000 }],
  [64, { receivers: 16, clients: 16 }],
])("of %d descriptors each side gets its share", (max, shares) => {
  expect(shareSockets(max)).toEqual(shares);
});
