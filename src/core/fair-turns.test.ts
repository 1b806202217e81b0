import { beforeEach, expect, test, vi } from "vitest";
import { createManualClock, type ManualClock } from "../../test/support/manual-clock.ts";
import { FairTurns } from "./fair-turns.ts";

interface Waiting {
  item: string;
}

let clock: ManualClock;
let turns: FairTurns<string>;
let waiting: Waiting[];

/** `a1` is of the key `a`. */
function add(key: string, count: number): void {
  for (let n = 1; n <= count; n += 1) {
    const added = { item: `${key}${n}` };
    waiting.push(added);
    turns.added(added);
  }
}

/** What the next flush is of, and how to end it. */
function flush(): { items: string[]; end: () => void } {
  const chosen = turns.choose(waiting);
  const end = chosen.length === 0 ? () => undefined : turns.begun(chosen);
  waiting = waiting.filter((one) => !chosen.includes(one));
  return { items: chosen.map(({ item }) => item), end };
}

beforeEach(() => {
  clock = createManualClock();
  turns = new FairTurns(clock, (item) => item.charAt(0));
  waiting = [];
});

test("a key that is alone has whole flushes, and every slot", () => {
  add("a", 100);
  expect(flush().items).toHaveLength(100);
  add("a", 30);
  expect(flush().items).toHaveLength(30);
});

test("one flush at a time is of a heavy key, in parts; a light one waits for nobody's commit", () => {
  add("a", 40);
  add("b", 2);
  expect(flush().items).toEqual(["b1", "b2"]);
  const heavy = flush();
  expect(heavy.items).toHaveLength(8);
  expect(flush().items).toEqual([]);
  for (const key of ["c", "d", "e"]) {
    add(key, 1);
    expect(flush().items).toEqual([`${key}1`]);
  }
});

test("after a flush of a heavy key the next one waits for the light ones under way", () => {
  add("a", 40);
  add("b", 1);
  const light = flush();
  flush().end();
  expect(flush().items).toEqual([]);
  light.end();
  expect(flush().items[0]).toBe("a9");
});

test("it does not wait for long: light ones one after another do not hold it up", () => {
  const looked = vi.fn();
  add("a", 40);
  add("b", 1);
  const light = flush();
  turns.lookAgain(looked);
  flush().end();
  add("c", 1);
  flush();
  light.end();
  expect(flush().items).toEqual([]);
  turns.lookAgain(looked);
  turns.lookAgain(looked);
  clock.advance(9);
  expect(flush().items).toEqual([]);
  expect(looked).not.toHaveBeenCalled();
  clock.advance(1);
  expect(looked).toHaveBeenCalledOnce();
  expect(flush().items[0]).toBe("a9");
});

test("at most four flushes are of light keys; what comes then shares the next", () => {
  const light = ["a", "b", "c", "d"].map((key) => {
    add(key, 1);
    return flush();
  });
  add("e", 1);
  add("f", 1);
  expect(turns.flushesMax).toBe(5);
  expect(flush().items).toEqual([]);
  light[1]?.end();
  expect(flush().items).toEqual(["e1", "f1"]);
});

test("several heavy keys share a flush, one of each before a second of any", () => {
  add("a", 40);
  add("b", 5);
  expect(flush().items.slice(0, 6)).toEqual(["a1", "b1", "a2", "b2", "a3", "b3"]);
});

test("light keys have every slot while nobody heavy waits", () => {
  add("a", 1);
  add("b", 4);
  const first = flush();
  expect(first.items).toHaveLength(5);
  add("c", 1);
  expect(flush().items).toEqual(["c1"]);
});

test("what is being flushed counts: bringing few at a time makes nobody light", () => {
  add("b", 1);
  add("a", 4);
  flush();
  add("a", 4);
  expect(flush().items).toHaveLength(4);
  add("a", 4);
  expect(flush().items).toEqual([]);
});

test("a second after the last other key, whole flushes again", () => {
  add("b", 1);
  add("a", 40);
  flush().end();
  clock.advance(999);
  expect(turns.choose(waiting)).toHaveLength(8);
  clock.advance(1);
  expect(turns.choose(waiting)).toHaveLength(40);
});
