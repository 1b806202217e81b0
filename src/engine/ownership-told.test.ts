/** Peers tell each other of what changes, so that nobody waits for a tick. */
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  BUCKETS,
  expectShared,
  type Member,
  Members,
  TICK_MS,
} from "../../test/support/members.ts";
import { systemClock } from "../clock.ts";
import { BUCKET_COUNT } from "../core/bucket.ts";
import type { Clock } from "../core/types.ts";
import { notifyNodes } from "../storage/nodes/session.ts";

let members: Members;

beforeEach(async () => {
  members = await Members.create();
});

afterEach(() => members.close());

/** Nobody looks of its own accord. */
const idle: Clock = {
  ...systemClock,
  after: (ms, task) => (ms < TICK_MS ? systemClock.after(ms, task) : () => undefined),
};

const startIdle = (): Promise<Member> => members.add(["engine"], idle).start();

async function untilOwned(member: Member, count: number): Promise<void> {
  await member.events.until(() => member.owned.length === count, {
    describe: () => `${member.owned.length} of ${count} buckets`,
  });
}

test("when they join, and when their buckets are free", async () => {
  const one = await startIdle();
  for (const bucket of BUCKETS) one.begin(bucket);
  const two = await startIdle();
  await untilOwned(one, BUCKET_COUNT / 2);
  expect(two.owned).toEqual([]);
  const [first = -1, ...others] = one.lost;
  one.settle(first);
  await untilOwned(two, 1);
  for (const bucket of others) one.settle(bucket);
  await untilOwned(two, BUCKET_COUNT / 2);
  expectShared(one, two);
});

test("when they leave", async () => {
  const one = await startIdle();
  const two = await startIdle();
  await untilOwned(two, BUCKET_COUNT / 2);
  await two.leave();
  await untilOwned(one, BUCKET_COUNT);
});

test("when they find one of them dead", async () => {
  const one = await startIdle();
  const two = await startIdle();
  await untilOwned(two, BUCKET_COUNT / 2);
  const three = await members.add().start();
  await untilOwned(one, 22);
  await untilOwned(two, 22);
  await three.tick();
  expectShared(one, two, three);
  two.storage.before = () => {
    throw new Error("It is dead: it does not join again.");
  };
  await two.killSession(members.storage);
  await three.tick();
  await untilOwned(one, BUCKET_COUNT / 2);
  expectShared(one, three);
});

test("again and again without keeping them from their lease", async () => {
  const one = await members.add().start();
  for (let told = 1; told < 4; told += 1) {
    await notifyNodes(members.storage, "amps_bucket", "node_of_another");
    await notifyNodes(members.storage, "amps_due", "");
    await one.events.until(() => one.heard === told);
    one.clock.advance(15);
  }
  await one.events.until(() => one.ticks > 0);
});
