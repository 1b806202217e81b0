import { beforeEach, expect, test } from "vitest";
import { createManualClock, type ManualClock } from "../../test/support/manual-clock.ts";
import { type Found, type LookUp, Lookups } from "./lookups.ts";

let clock: ManualClock;
let lookups: Lookups<string>;
/** Look-ups under way, which the test answers. */
let asked: PromiseWithResolvers<Found<string> | undefined>[];

const lookUp: LookUp<string> = () => {
  const asking = Promise.withResolvers<Found<string> | undefined>();
  asked.push(asking);
  return asking.promise;
};

async function remember(key: string, found: Found<string>): Promise<void> {
  const answer = lookups.lookUp(key, lookUp);
  asked.shift()?.resolve(found);
  expect(await answer).toBe(found.value);
}

beforeEach(() => {
  clock = createManualClock();
  lookups = new Lookups({ clock, keptMs: 1_000, keptMax: 2 });
  asked = [];
});

test("who asks for the same at the same time shares one look-up", async () => {
  const answers = Array.from({ length: 64 }, () => lookups.lookUp("a", lookUp));
  const other = lookups.lookUp("b", lookUp);
  expect(asked).toHaveLength(2);
  asked[0]?.resolve({ value: "of a" });
  asked[1]?.resolve(undefined);
  expect(new Set(await Promise.all(answers))).toEqual(new Set(["of a"]));
  expect(await other).toBeUndefined();
  expect(lookups.get("a")).toBe("of a");
  expect(lookups.get("b")).toBeUndefined();
});

test("what is in use is asked again at half its age, once, and nobody waits for it", async () => {
  await remember("a", { value: "first" });
  clock.advance(499);
  expect(lookups.get("a")).toBe("first");
  expect(asked).toHaveLength(0);
  clock.advance(1);
  expect(Array.from({ length: 9 }, () => lookups.get("a"))).toEqual(Array(9).fill("first"));
  expect(asked).toHaveLength(1);
  const renewed = lookups.lookUp("a", lookUp);
  asked.shift()?.resolve({ value: "second" });
  expect(await renewed).toBe("second");
  expect(lookups.get("a")).toBe("second");
  // Its age counts from when it was asked for.
  clock.advance(1_000);
  expect(lookups.get("a")).toBeUndefined();
});

test("a renewal that fails changes nothing until the answer is too old", async () => {
  await remember("a", { value: "first" });
  clock.advance(600);
  expect(lookups.get("a")).toBe("first");
  const renewal = lookups.lookUp("a", lookUp);
  asked.shift()?.reject(new Error("database away"));
  await expect(renewal).rejects.toThrow("database away");
  clock.advance(399);
  expect(lookups.get("a")).toBe("first");
  clock.advance(1);
  expect(lookups.get("a")).toBeUndefined();
  const answer = lookups.lookUp("a", lookUp);
  for (const asking of asked) asking.reject(new Error("database away"));
  await expect(answer).rejects.toThrow("database away");
});

test("a renewal that finds nothing ends it at once", async () => {
  await remember("a", { value: "first" });
  clock.advance(500);
  lookups.get("a");
  const answer = lookups.lookUp("a", lookUp);
  asked.shift()?.resolve(undefined);
  expect(await answer).toBeUndefined();
  expect(lookups.get("a")).toBeUndefined();
});

test("what was asked before everything was forgotten is not remembered", async () => {
  const before = lookups.lookUp("a", lookUp);
  lookups.forget();
  const after = lookups.lookUp("a", lookUp);
  expect(asked).toHaveLength(2);
  asked[1]?.resolve({ value: "new" });
  expect(await after).toBe("new");
  asked[0]?.resolve({ value: "old" });
  expect(await before).toBe("old");
  expect(lookups.get("a")).toBe("new");
});

test("an answer can be good for less, and the number of them is bounded", async () => {
  await remember("a", { value: "short", forMs: 10 });
  clock.advance(10);
  expect(lookups.get("a")).toBeUndefined();
  for (const key of ["b", "c", "d"]) await remember(key, { value: key });
  expect(["b", "c", "d"].map((key) => lookups.get(key))).toEqual([undefined, undefined, "d"]);
});
