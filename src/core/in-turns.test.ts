import { expect, test } from "vitest";
import { inTurns } from "./in-turns.ts";

test("the first of every key comes before the second of any, in the order they came", () => {
  const items = ["a1", "a2", "a3", "b1", "c1", "b2", "a4", "c2"];
  const turns = inTurns(items, (item) => item[0]);
  expect(turns).toEqual(["a1", "b1", "c1", "a2", "b2", "c2", "a3", "a4"]);
  expect(inTurns(turns, (item) => item[0])).toEqual(turns);
  expect(inTurns([], String)).toEqual([]);
});
