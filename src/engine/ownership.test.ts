import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sql } from "../../test/support/factories.ts";
import {
  BUCKETS,
  expectShared,
  type Member,
  Members,
  TICK_MS,
} from "../../test/support/members.ts";
import { BUCKET_COUNT } from "../core/bucket.ts";
import { LEASE_MS } from "./ownership.ts";

let members: Members;

beforeEach(async () => {
  members = await Members.create();
});

afterEach(() => members.close());

/** A few seconds of all of them. */
async function together(...nodes: Member[]): Promise<void> {
  for (let round = 0; round < 3; round += 1) for (const node of nodes) await node.tick();
}

/** Ticks until every bucket has an owner: one to three rounds, as the database answers. */
async function share(...nodes: Member[]): Promise<void> {
  const most = Math.ceil(BUCKET_COUNT / nodes.length);
  for (let round = 0; round < 20; round += 1) {
    for (const node of nodes) await node.tick();
    const counts = nodes.map(({ owned }) => owned.length);
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (total === BUCKET_COUNT && Math.max(...counts) <= most) return;
  }
}

describe("sharing", () => {
  test("one node owns everything as soon as it has started", async () => {
    const node = await members.add().start();
    expectShared(node);
    expect(node.node.owned).toEqual({ delivery: BUCKET_COUNT, device: 0 });
    expect(node.node.healthy).toBe(true);
  });

  test("two and three nodes share within a few seconds, and stay as they are", async () => {
    const one = await members.add().start();
    const two = await members.add().start();
    await share(one, two);
    expectShared(one, two);
    const three = await members.add().start();
    await share(one, two, three);
    expectShared(one, two, three);
    const before = members.all.map((member) => member.epochs());
    await together(one, two, three);
    expect(members.all.map((member) => member.epochs())).toEqual(before);
  });

  test("nodes that start together end up with their shares", async () => {
    const nodes = await Promise.all([1, 2, 3, 4].map(() => members.add().start()));
    await share(...nodes);
    expectShared(...nodes);
  });

  test("a bucket is acquired under a higher epoch each time", async () => {
    const one = await members.add().start();
    const first = one.epochs();
    await one.leave();
    const two = await members.add().start();
    for (const [bucket, epoch] of two.epochs()) {
      expect(epoch).toBe((first.get(bucket) ?? NaN) + 1);
    }
  });

  test("a node of other roles owns no deliveries and takes no share of them", async () => {
    const one = await members.add().start();
    const api = await members.add(["api"]).start();
    const battery = await members.add(["battery"]).start();
    await together(one, api, battery);
    expectShared(one);
    expect(api.owned).toEqual([]);
    expect(battery.node.owned).toEqual({ delivery: 0, device: BUCKET_COUNT });
  });
});

describe("leaving", () => {
  test("a graceful stop frees everything at once", async () => {
    const one = await members.add().start();
    const two = await members.add().start();
    await share(one, two);
    await one.leave();
    expect(await sql(members.storage, "SELECT node_id FROM node")).toEqual([
      { node_id: two.node.nodeId },
    ]);
    await two.tick();
    expectShared(two);
  });

  test("a bucket with work under way is let go last, and holds up no other", async () => {
    const one = await members.add().start();
    one.begin(7);
    const stopping = one.stop();
    const two = await members.add().start();
    await two.events.until(async () => {
      await two.tick();
      return two.owned.length === BUCKET_COUNT - 1;
    });
    expect(two.owned).not.toContain(7);
    one.settle(7);
    await stopping;
    await two.tick();
    expectShared(two);
  });

  test("handing over a share waits for nobody else's work, nor for the lease", async () => {
    const one = await members.add().start();
    for (const bucket of BUCKETS) one.begin(bucket);
    const two = await members.add().start();
    // Far longer than a lease: each tick renews although nothing has settled.
    for (let second = 0; second * TICK_MS < LEASE_MS * 2; second += 1) await one.tick();
    expect(one.node.healthy).toBe(true);
    expect(one.lost).toHaveLength(BUCKET_COUNT / 2);
    await two.tick();
    expect(two.owned).toEqual([]);
    const [first = -1, ...others] = one.lost;
    one.settle(first);
    await two.events.until(async () => {
      await two.tick();
      return two.owned.length > 0;
    });
    expect(two.owned).toEqual([first]);
    for (const bucket of others) one.settle(bucket);
    await two.events.until(async () => {
      await two.tick();
      return two.owned.length === BUCKET_COUNT / 2;
    });
    expectShared(one, two);
  });

  test("the lease is kept while a stopping node finishes its work", async () => {
    const one = await members.add().start();
    const two = await members.add().start();
    await share(one, two);
    const [bucket = -1] = one.owned;
    one.begin(bucket);
    const stopping = one.stop();
    for (let second = 0; second * TICK_MS < LEASE_MS * 2; second += 1) await one.tick();
    await two.tick();
    expect(one.node.healthy).toBe(true);
    expect(two.owned).not.toContain(bucket);
    one.settle(bucket);
    await stopping;
    await two.tick();
    expectShared(two);
  });
});

describe("dying", () => {
  test("a node whose session ends is replaced at once, under higher epochs", async () => {
    const one = await members.add().start();
    const two = await members.add().start();
    await share(one, two);
    const before = one.epochs();
    await one.killSession(members.storage);
    expect(one.owned).toEqual([]);
    await two.tick();
    expectShared(two);
    for (const [bucket, epoch] of before) {
      if (epoch !== undefined) expect(two.epochs().get(bucket)).toBe(epoch + 1);
    }
  });

  test("a node that lost its session joins again under another name", async () => {
    const one = await members.add().start();
    const { nodeId } = one.node;
    await one.killSession(members.storage);
    expect(one.node.healthy).toBe(false);
    await one.tick();
    expectShared(one);
    expect(one.node.nodeId).not.toBe(nodeId);
    expect(one.lost).toHaveLength(BUCKET_COUNT);
  });

  test("after a lost session, work under way keeps its bucket away and no other", async () => {
    const one = await members.add().start();
    one.begin(3);
    await one.killSession(members.storage);
    await one.tick();
    expect(one.owned).toEqual(BUCKETS.filter((bucket) => bucket !== 3));
    one.settle(3);
    await one.events.until(async () => {
      await one.tick();
      return one.owned.length === BUCKET_COUNT;
    });
    expectShared(one);
  });

  test("a lease that ran out is taken over although the session still stands", async () => {
    const one = await members.add().start();
    const two = await members.add().start();
    await share(one, two);
    const before = one.epochs();
    const expire = "UPDATE node SET expires_at = now() - interval '1 ms' WHERE node_id = $1";
    await sql(members.storage, expire, [one.node.nodeId]);
    await two.tick();
    expect(two.owned).toEqual(BUCKETS);
    for (const [bucket, epoch] of before) {
      if (epoch !== undefined) expect(two.epochs().get(bucket)).toBe(epoch + 1);
    }
    await share(one, two);
    expectShared(one, two);
  });

  test("E04: a process that was paused past its lease wakes up owning nothing", async () => {
    const one = await members.add().start();
    // Its timers have not run yet: the time is simply later.
    const monotonic = one.clock.monotonic.bind(one.clock);
    one.clock.monotonic = () => monotonic() + LEASE_MS - 3_000 - 1;
    expect(one.owned).toEqual(BUCKETS);
    one.clock.monotonic = () => monotonic() + LEASE_MS - 3_000;
    expect(one.owned).toEqual([]);
    expect(one.node.healthy).toBe(false);
  });

  test("a database that is away for less than the lease costs nothing", async () => {
    const one = await members.add().start();
    const before = one.epochs();
    one.storage.before = () => {
      throw new Error("The database is away.");
    };
    for (let second = 0; second < 11; second += 1) await one.tick();
    expect(one.owned).toEqual(BUCKETS);
    await one.tick();
    expect(one.owned).toEqual([]);
    one.storage.before = () => undefined;
    await one.tick();
    expect(one.epochs()).toEqual(before);
  });
});

describe("what the database says, counts", () => {
  test("a bucket that went to another node behind our back is lost", async () => {
    const one = await members.add().start();
    const steal =
      "UPDATE bucket_lease SET epoch = epoch + 1 WHERE kind = 'delivery' AND bucket IN (4, 5)";
    await sql(members.storage, steal);
    await one.tick();
    expect(one.lost.toSorted()).toEqual([4, 5]);
    await one.events.until(async () => {
      await one.tick();
      return one.owned.length === BUCKET_COUNT;
    });
    expectShared(one);
  });

  test("a release or an acquisition whose answer was lost is put right", async () => {
    const one = await members.add().start();
    one.storage.before = (name) => {
      if (name === "release-buckets") throw new Error("The connection was lost.");
    };
    const two = await members.add().start();
    await together(one, two);
    expect(one.owned).toHaveLength(BUCKET_COUNT / 2);
    expect(two.owned).toEqual([]);
    one.storage.before = () => undefined;
    two.storage.after = (name) => {
      if (name === "acquire-buckets") throw new Error("The answer was lost.");
    };
    await together(one, two);
    expect(two.owned).toEqual([]);
    two.storage.after = () => undefined;
    await share(one, two);
    expectShared(one, two);
  });
});
