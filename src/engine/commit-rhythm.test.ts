import { beforeEach, expect, test } from "vitest";
import { createManualClock, type ManualClock } from "../../test/support/manual-clock.ts";
import { CommitRhythm } from "./commit-rhythm.ts";

let clock: ManualClock;
let events: string[];
let rhythm: CommitRhythm;
beforeEach(() => {
  clock = createManualClock();
  events = [];
  rhythm = new CommitRhythm({
    after: (delayMs, task) => clock.after(delayMs, task),
    deliver: () => void events.push("deliver"),
    deliverSoon: () => void events.push("deliver soon"),
    store: (results) => void events.push(`store ${results}`),
  });
});

const turned = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test("deliveries of few begin at once, whoever else commits", async () => {
  rhythm.ended(7);
  rhythm.begun();
  await turned();
  clock.advance(1_000);
  expect(events).toEqual(["deliver soon"]);
});

test("deliveries of many begin with the next commit, and results have the time until then", async () => {
  rhythm.ended(8);
  await turned();
  expect(events).toEqual(["store 120"]);
  rhythm.begun();
  expect(events).toEqual(["store 120"]);
  await turned();
  expect(events).toEqual(["store 120", "deliver"]);
  expect(clock.pending()).toBe(0);
  rhythm.begun();
  await turned();
  expect(events).toHaveLength(2);
});

test("deliveries of many do not wait long for a commit that does not come", async () => {
  rhythm.ended(500);
  clock.advance(3);
  rhythm.ended(500);
  expect(events).toEqual(["store 120", "store 120"]);
  clock.advance(1);
  expect(events.at(-1)).toBe("deliver");
  expect(clock.pending()).toBe(0);
});
