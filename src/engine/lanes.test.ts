import { describe, expect, test } from "vitest";
import type { DueDelivery } from "../storage/deliveries/claim-due.ts";
import { Lane } from "./lane.ts";
import { Lanes } from "./lanes.ts";

function due(messageId: string, changes: Partial<DueDelivery> = {}): DueDelivery {
  return {
    bucket: 1,
    epoch: 1,
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

  test("starts with one attempt at a time, grows by successes to 64, halves by failures to 1", () => {
    const lane = newLane();
    expect(lane.concurrency).toBe(1);
    for (let n = 0; n < 100; n += 1) lane.succeeded();
    expect(lane.concurrency).toBe(64);
    lane.failed();
    expect(lane.concurrency).toBe(32);
    for (let n = 0; n < 10; n += 1) lane.failed();
    expect(lane.concurrency).toBe(1);
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
  function fill(lanes: Lanes, endpointId: string, count: number): Lane {
    const lane = lanes.getOrMake(1, 1, endpointId);
    for (let n = 0; n < count; n += 1) lanes.offer(lane, due(`msg_${n}`, { endpointId }));
    return lane;
  }

  test("take in turn, as many at once as each may", () => {
    const lanes = new Lanes();
    fill(lanes, "ep_a", 3).concurrency = 2;
    fill(lanes, "ep_b", 1);
    fill(lanes, "ep_c", 2);
    const taken: string[] = [];
    for (let next = lanes.take(); next !== undefined; next = lanes.take()) {
      taken.push(next.lane.endpointId);
    }
    expect(taken).toEqual(["ep_a", "ep_b", "ep_c", "ep_a"]);
    expect(lanes.queued).toBe(2);
  });

  test("a parked lane takes nothing in and gives nothing out", () => {
    const lanes = new Lanes();
    const lane = fill(lanes, "ep_a", 1);
    lane.parked = true;
    expect(lanes.take()).toBeUndefined();
    expect(lanes.offer(lane, due("msg_9"))).toBe(false);
    expect(lane.more).toBe(true);
    expect(lanes.queued).toBe(1);
  });

  test("are full at 20,000 deliveries, and the rest waits in the database", () => {
    const lanes = new Lanes();
    const lane = fill(lanes, "ep_a", 20_000);
    expect([lanes.full, lane.more]).toEqual([true, false]);
    expect(lanes.offer(lane, due("msg_more"))).toBe(false);
    expect([lanes.queued, lane.more]).toEqual([20_000, true]);
    lanes.take();
    expect(lanes.full).toBe(false);
  });

  test("are full at 32 MiB of payloads; taking frees them", () => {
    const lanes = new Lanes();
    const lane = lanes.getOrMake(1, 1, "ep_a");
    const payload = Buffer.alloc(8 * 1024 * 1024);
    for (let n = 0; n < 4; n += 1) lanes.offer(lane, due(`msg_${n}`, { payload }));
    expect([lanes.full, lanes.bytesFree]).toEqual([true, 0]);
    expect(lanes.offer(lane, due("msg_9", { payload: null }))).toBe(false);
    lanes.take();
    expect(lanes.bytesFree).toBe(payload.length);
    lanes.clear(lane);
    expect([lanes.bytesFree, lanes.queued]).toEqual([4 * payload.length, 0]);
  });

  test("drop forgets the lanes of the buckets and counts them out", () => {
    const lanes = new Lanes();
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
    const lanes = new Lanes();
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
