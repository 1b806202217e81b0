import { describe, expect, test } from "vitest";
import type { DueDelivery } from "../storage/deliveries/claim-due.ts";
import { createManualClock } from "../../test/support/manual-clock.ts";
import type { Target } from "../storage/endpoints/load-targets.ts";
import { Lane } from "./lane.ts";
import { Lanes, type Taken } from "./lanes.ts";

function due(messageId: string, changes: Partial<DueDelivery> = {}): DueDelivery {
  return {
    bucket: 1,
    epoch: 1,
    environmentId: "org_1",
    applicationId: "app_1",
    endpointId: "ep_1",
    messageId,
    trigger: 0,
    attempts: 0,
    dueAt: 0,
    revision: 1,
    eventType: "a",
    channels: null,
    payload: Buffer.from("{}"),
    ...changes,
  };
}

const clock = createManualClock();
const newLanes = (): Lanes => new Lanes({ clock, owns: () => true, onTime: () => undefined });

const targetOf = (changes: Partial<Target>): Target => ({
  applicationId: "app_1",
  endpointId: "ep_1",
  url: "http://receiver.test/",
  disabled: false,
  deleted: false,
  revision: 1,
  failingSince: null,
  throttleRate: null,
  applicationThrottleRate: null,
  applicationBuckets: [],
  headers: {},
  keys: [],
  retryScheduleMs: null,
  sealBroken: null,
  ...changes,
});

const newLane = (): Lane => new Lane(1, 1, "ep_1");

describe("Lane", () => {
  test("knows a delivery from its offer to the commit of its result", () => {
    const lane = newLane();
    const delivery = due("msg_1");
    expect(lane.offer(delivery)).toBe(true);
    expect(lane.offer(due("msg_1"))).toBe(false);
    expect(lane.take()).toBe(delivery);
    expect(lane.offer(due("msg_1"))).toBe(false);
    expect([lane.queued, lane.known]).toEqual([0, 1]);
    lane.forget(delivery);
    expect(lane.known).toBe(0);
    expect(lane.offer(due("msg_1"))).toBe(true);
  });

  test("a chain and a manual attempt of one message are two deliveries", () => {
    const lane = newLane();
    expect(lane.offer(due("msg_1"))).toBe(true);
    expect(lane.offer(due("msg_1", { trigger: 1 }))).toBe(true);
    expect(lane.offer(due("msg_1", { trigger: 1 }))).toBe(false);
    lane.forget(due("msg_1"));
    expect(lane.has(due("msg_1", { trigger: 1 }))).toBe(true);
  });

  test("what was recorded during a claim is not taken from that claim's answer", () => {
    const lane = newLane();
    lane.offer(due("msg_1"));
    lane.claimStarted();
    lane.forget(due("msg_1"));
    expect(lane.offer(due("msg_1"))).toBe(false);
    lane.claimEnded();
    expect(lane.offer(due("msg_1"))).toBe(true);
  });

  test("gives back in order what it was offered, through thousands", () => {
    const lane = newLane();
    const taken: (string | undefined)[] = [];
    for (let n = 0; n < 5_000; n += 1) {
      lane.offer(due(`msg_${n}`));
      if (n % 3 !== 0) taken.push(lane.take()?.messageId);
    }
    while (lane.queued > 0) taken.push(lane.take()?.messageId);
    expect(taken).toEqual(Array.from({ length: 5_000 }, (_, n) => `msg_${n}`));
    expect(lane.take()).toBeUndefined();
  });

  test("clear gives back what is queued and keeps what is in flight", () => {
    const lane = newLane();
    for (const id of ["msg_1", "msg_2", "msg_3"]) lane.offer(due(id));
    lane.take();
    expect(lane.clear().map(({ messageId }) => messageId)).toEqual(["msg_2", "msg_3"]);
    expect([lane.queued, lane.known]).toEqual([0, 1]);
    expect(lane.offer(due("msg_2"))).toBe(true);
    expect(lane.offer(due("msg_1"))).toBe(false);
  });
});

describe("Lanes", () => {
  function fill(
    lanes: Lanes,
    endpointId: string,
    count: number,
    changes: Partial<DueDelivery> = {},
  ): Lane {
    const lane = lanes.getOrMake(1, 1, endpointId);
    for (let n = 0; n < count; n += 1) {
      lanes.offer(lane, due(`msg_${n}`, { ...changes, endpointId }));
    }
    return lane;
  }

  function takeAll(lanes: Lanes): Taken[] {
    const all: Taken[] = [];
    for (let next = lanes.take(); next !== undefined; next = lanes.take()) all.push(next);
    return all;
  }

  test("take in turn, as many at once as each may", () => {
    const lanes = newLanes();
    fill(lanes, "ep_a", 3).pace.concurrency = 2;
    fill(lanes, "ep_b", 1);
    fill(lanes, "ep_c", 2);
    const taken: string[] = [];
    for (let next = lanes.take(); next !== undefined; next = lanes.take()) {
      taken.push(next.lane.endpointId);
    }
    expect(taken).toEqual(["ep_a", "ep_b", "ep_c", "ep_a"]);
    expect(lanes.queued).toBe(2);
  });

  test("environments take turns, in each its applications, in each its lanes", () => {
    const lanes = newLanes();
    const live = { environmentId: "org_live", applicationId: "app_live" };
    const many = { applicationId: "app_many" };
    for (let n = 0; n < 4; n += 1) fill(lanes, `ep_many_${n}`, 1, many);
    for (let n = 0; n < 2; n += 1) fill(lanes, `ep_few_${n}`, 1, { applicationId: "app_few" });
    fill(lanes, "ep_live", 1, live);
    const order = takeAll(lanes).map(({ lane }) => lane.endpointId);
    expect(order).toEqual([
      "ep_many_0",
      "ep_live",
      "ep_few_0",
      "ep_many_1",
      "ep_few_1",
      "ep_many_2",
      "ep_many_3",
    ]);
  });

  test("100 lanes that take all they get leave slots to another tenant, and to their own", () => {
    const lanes = newLanes();
    const hogs = Array.from({ length: 100 }, (_, n) => fill(lanes, `ep_${n}`, 64));
    for (const hog of hogs) hog.pace.concurrency = 64;
    const taken = takeAll(lanes);
    expect(taken.length).toBeGreaterThan(2_500);
    expect(taken.length).toBeLessThan(4_096 - 256);
    expect(takeAll(lanes)).toEqual([]);
    fill(lanes, "ep_own", 1);
    fill(lanes, "ep_other", 1, { applicationId: "app_2" });
    fill(lanes, "ep_live", 1, { environmentId: "org_2", applicationId: "app_3" });
    expect(takeAll(lanes)).toHaveLength(3);
    // Whoever was stopped goes on when an attempt of its own ends.
    for (const each of taken.slice(0, 500)) lanes.freed(each);
    expect(takeAll(lanes).length).toBeGreaterThan(400);
  });

  test("what waits for its rate is held until its time, and says so", () => {
    let times = 0;
    const lanes = new Lanes({ clock, owns: () => true, onTime: () => void (times += 1) });
    const lane = fill(lanes, "ep_a", 3);
    lane.pace.concurrency = 10;
    lane.pace.throttle.perSecond = 10;
    expect(takeAll(lanes)).toHaveLength(1);
    const { because, until } = lanes.waiting("ep_a") ?? {};
    expect([because, Math.round((until ?? 0) - clock.now())]).toEqual(["throttled", 91]);
    clock.advance(91);
    expect([times, takeAll(lanes).length]).toEqual([0, 0]);
    clock.advance(1);
    expect([times, takeAll(lanes).length]).toEqual([1, 1]);
    lanes.stop();
    expect(clock.pending()).toBe(0);
  });

  test("rates that are only learned after the turn was taken still hold it back", () => {
    const lanes = newLanes();
    for (const endpointId of ["ep_a", "ep_b", "ep_c"]) fill(lanes, endpointId, 1);
    const taken = takeAll(lanes);
    const outcomes = taken.map((each) => {
      lanes.learn(each, targetOf({ applicationThrottleRate: 10, applicationBuckets: [1] }));
      const isAdmitted = lanes.admit(each);
      if (!isAdmitted) lanes.putBack(each);
      lanes.freed(each);
      return isAdmitted;
    });
    expect(outcomes).toEqual([true, false, false]);
    expect(lanes.queued).toBe(2);
    expect(takeAll(lanes)).toEqual([]);
    expect(lanes.waiting("ep_b")?.because).toBe("application_throttled");
    expect(lanes.countWaiting()).toMatchObject({ application_throttled: 2 });
    clock.advance(102);
    expect(takeAll(lanes)).toHaveLength(1);
    clock.advance(102);
    expect(takeAll(lanes)).toHaveLength(1);
    lanes.stop();
  });

  test("what is held back when its bucket is lost is forgotten, and counts no more", () => {
    const lanes = newLanes();
    fill(lanes, "ep_a", 1);
    const [taken] = takeAll(lanes);
    if (taken === undefined) throw new Error("One was offered.");
    lanes.drop(new Set([1]));
    lanes.putBack(taken);
    lanes.freed(taken);
    expect([lanes.queued, lanes.inFlight, lanes.count]).toEqual([0, 0, 0]);
  });

  test("an application's rate is shared by the owners of its buckets", () => {
    const owned = new Set([1, 2, 3]);
    const lanes = new Lanes({
      clock,
      owns: (bucket) => owned.has(bucket),
      onTime: () => undefined,
    });
    fill(lanes, "ep_a", 1);
    const [taken] = takeAll(lanes);
    if (taken === undefined) throw new Error("One was offered.");
    const target = targetOf({ applicationThrottleRate: 100, applicationBuckets: [1, 2, 8, 9] });
    lanes.learn(taken, target);
    expect(taken.application.throttle.perSecond).toBe(50);
    owned.add(8);
    lanes.reshare();
    expect(taken.application.throttle.perSecond).toBe(75);
    lanes.learn(taken, targetOf({}));
    expect(taken.application.throttle.perSecond).toBe(Infinity);
  });

  test("probes of dead endpoints hold a quarter of the slots at most", () => {
    const lanes = newLanes();
    for (let n = 0; n < 1_100; n += 1) {
      const { breaker } = fill(lanes, `ep_${n}`, 1, { applicationId: `app_${n % 10}` }).pace;
      for (let failures = 0; failures < 40; failures += 1) {
        breaker.failed({ messageId: `msg_${failures}`, now: failures * 2_000 - 1e6, random: 0 });
      }
      expect(breaker.state).toBe("open");
    }
    const probes = takeAll(lanes);
    expect(probes).toHaveLength(1_024);
    expect(lanes.countWaiting().breaker_open).toBe(1_100);
    for (const probe of probes) lanes.freed(probe);
    clock.advance(1_000);
    expect(takeAll(lanes)).toHaveLength(76);
    lanes.stop();
  });

  test("a parked lane takes nothing in and gives nothing out", () => {
    const lanes = newLanes();
    const lane = fill(lanes, "ep_a", 1);
    lane.parked = true;
    expect(lanes.take()).toBeUndefined();
    expect(lanes.offer(lane, due("msg_9"))).toBe(false);
    expect(lane.more).toBe(true);
    expect(lanes.queued).toBe(1);
  });

  test("a lane of a lone application has a bounded part of 20,000 rows; the rest waits", () => {
    const lanes = newLanes();
    const lane = fill(lanes, "ep_a", 20_000);
    expect([lanes.queued, lane.queued, lane.more]).toEqual([3_659, 3_659, true]);
    const others = Array.from({ length: 100 }, (_, n) => fill(lanes, `ep_${n}`, 20_000));
    // The first took more while there was more; yet every one has some, and there is room left.
    expect(Math.min(...others.map(({ queued }) => queued))).toBe(1);
    expect(lanes.queued).toBeGreaterThan(16_000);
    expect(lanes.queued).toBeLessThan(18_000);
  });

  test("what a claim is to bring is promised to nobody else, and is taken in when it comes", () => {
    const lanes = newLanes();
    const lane = fill(lanes, "ep_a", 1);
    const other = fill(lanes, "ep_b", 1, { applicationId: "app_2" });
    const rowsBefore = lanes.shares.rowsFor(other);
    const giveBack = lanes.shares.reserveRows(lane, 17_000);
    expect(lanes.shares.rowsFor(lane)).toBe(0);
    expect(lanes.shares.rowsFor(other)).toBeLessThan(rowsBefore / 1.8);
    expect(lanes.queued).toBe(2);
    expect(lanes.offer(lane, due("msg_9"))).toBe(false);
    expect(lanes.offer(lane, due("msg_9"), true)).toBe(true);
    giveBack();
    expect(lanes.shares.rowsFor(other)).toBeGreaterThan(rowsBefore / 1.1);
    expect(lanes.queued).toBe(3);
  });

  test("32 MiB of payloads are shared likewise; taking frees them", () => {
    const lanes = newLanes();
    const payload = Buffer.alloc(1024 * 1024);
    const made = Array.from({ length: 40 }, (_, n) => lanes.getOrMake(1, 1, `ep_${n}`));
    for (let n = 0; n < 40; n += 1) {
      for (const lane of made) {
        lanes.offer(lane, due(`msg_${n}`, { endpointId: lane.endpointId, payload }));
      }
    }
    expect(lanes.queued).toBe(29);
    const [first] = made;
    expect(first?.queuedBytes).toBe(payload.length);
    lanes.take();
    expect([first?.queued, first?.queuedBytes, lanes.shares.total.bytes]).toEqual([
      0,
      0,
      28 * payload.length,
    ]);
  });

  test("drop forgets the lanes of the buckets and counts them out", () => {
    const lanes = newLanes();
    fill(lanes, "ep_a", 3);
    const kept = lanes.getOrMake(2, 1, "ep_b");
    lanes.offer(kept, due("msg_1", { bucket: 2, endpointId: "ep_b" }));
    lanes.drop(new Set([1]));
    expect([...lanes].map(({ endpointId }) => endpointId)).toEqual(["ep_b"]);
    expect(lanes.queued).toBe(1);
    expect(lanes.take()?.lane).toBe(kept);
    expect(lanes.take()).toBeUndefined();
  });

  test("idle lanes go once there are more than 10,000, busy and parked ones stay", () => {
    const lanes = newLanes();
    const busy = fill(lanes, "ep_busy", 1);
    const parked = lanes.getOrMake(1, 1, "ep_parked");
    parked.parked = true;
    for (let n = 0; n < 10_500; n += 1) lanes.getOrMake(1, 1, `ep_${n}`);
    lanes.trim();
    expect(lanes.count).toBe(10_000);
    expect(lanes.get("ep_busy")).toBe(busy);
    expect(lanes.get("ep_parked")).toBe(parked);
  });
});
