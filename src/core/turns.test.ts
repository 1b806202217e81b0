import { expect, test } from "vitest";

import { type TakesTurns, Turns } from "./turns.ts";

class Waiting implements TakesTurns {
  ready = false;
  following: this | undefined;
}

test("serves who came first, each once however often it asked", () => {
  const turns = new Turns<Waiting>();
  const [one, other] = [new Waiting(), new Waiting()];
  for (const item of [one, other, one]) turns.add(item);
  expect(turns.first).toBe(one);
  expect([turns.next(), turns.next(), turns.next()]).toEqual([one, other, undefined]);
  expect(turns.isEmpty).toBe(true);
  turns.add(other);
  turns.add(one);
  expect([turns.next(), turns.next()]).toEqual([other, one]);
});

// The oldest, long known to the collector of garbage, would else keep alive everyone who came after it.
test("who had its turn leads to nobody", () => {
  const turns = new Turns<Waiting>();
  const all = Array.from({ length: 3 }, () => new Waiting());
  for (const item of all) turns.add(item);
  turns.next();
  expect(all[0]?.following).toBeUndefined();
  expect(turns.first).toBe(all[1]);
});
