import { describe, expect, test } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { FairTurns } from "./fair-turns.ts";
import { GroupCommit } from "./group-commit.ts";

/** A flush that the test ends when it likes. */
class Flushes {
  readonly batches: number[][] = [];
  underWay = 0;
  underWayMax = 0;
  #open: { end: () => void; fail: (error: Error) => void }[] = [];
  #started: (() => void)[] = [];

  readonly flush = (items: number[]): Promise<string[]> => {
    this.batches.push(items);
    this.underWay += 1;
    this.underWayMax = Math.max(this.underWayMax, this.underWay);
    const { promise, resolve, reject } = Promise.withResolvers<string[]>();
    this.#open.push({ end: () => resolve(items.map((item) => `done ${item}`)), fail: reject });
    for (const started of this.#started.splice(0)) started();
    return promise.finally(() => (this.underWay -= 1));
  };

  /** Resolves once `count` flushes have started in all. */
  async started(count: number): Promise<void> {
    while (this.batches.length < count) {
      await new Promise<void>((resolve) => this.#started.push(resolve));
    }
  }

  /** The oldest one that has not ended, to be ended later than the others. */
  take(): { end: () => void } | undefined {
    return this.#open.shift();
  }

  end(): void {
    this.take()?.end();
  }

  fail(error: Error): void {
    this.#open.shift()?.fail(error);
  }
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** A turn of the event loop is over: what was to begin in it has begun. */
async function turned(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(() => setImmediate(resolve));
  });
}

/** Flushes that need no end. */
function flushAtOnce(): { batches: number[][]; flush: (items: number[]) => Promise<number[]> } {
  const batches: number[][] = [];
  const flush = (items: number[]): Promise<number[]> => {
    batches.push(items);
    return Promise.resolve(items);
  };
  return { batches, flush };
}

describe("GroupCommit", () => {
  test("callers of one turn share a batch, and each gets its own answer", async () => {
    const flushes = new Flushes();
    const commits = new GroupCommit({ flush: flushes.flush, batchMax: 10, flushesMax: 1 });
    const answers = Promise.all([1, 2, 3].map((item) => commits.add(item)));
    await flushes.started(1);
    flushes.end();
    expect(await answers).toEqual(["done 1", "done 2", "done 3"]);
    expect(flushes.batches).toEqual([[1, 2, 3]]);
  });

  test("while all flushes are under way, the next batch gathers, in order and bounded", async () => {
    const flushes = new Flushes();
    const commits = new GroupCommit({ flush: flushes.flush, batchMax: 4, flushesMax: 2 });
    const answers = [commits.add(0)];
    await flushes.started(1);
    for (let item = 1; item <= 9; item += 1) answers.push(commits.add(item));
    await flushes.started(2);
    expect(flushes.batches).toEqual([[0], [1, 2, 3, 4]]);
    expect(commits.size).toBe(10);
    flushes.end();
    await flushes.started(3);
    flushes.end();
    await flushes.started(4);
    flushes.end();
    flushes.end();
    expect(await Promise.all(answers)).toEqual(
      Array.from({ length: 10 }, (_, item) => `done ${item}`),
    );
    expect(flushes.batches).toEqual([[0], [1, 2, 3, 4], [5, 6, 7, 8], [9]]);
    expect(flushes.underWayMax).toBe(2);
    expect(commits.size).toBe(0);
  });

  describe("with spacing", () => {
    const start = (after = 0) => {
      const clock = createManualClock();
      const { batches, flush } = flushAtOnce();
      const commits = new GroupCommit<number, number>({
        flush,
        batchMax: 10,
        flushesMax: 2,
        spacing: { clock, ms: 20, items: () => 3, aloneMs: 100, after },
      });
      return { clock, batches, commits };
    };

    /** Flushes end when the test says so. */
    const startHanging = () => {
      const clock = createManualClock();
      const flushes = new Flushes();
      const commits = new GroupCommit({
        flush: flushes.flush,
        batchMax: 4,
        flushesMax: 2,
        spacing: { clock, ms: 20, items: () => 3, aloneMs: 100 },
      });
      return { clock, flushes, commits };
    };

    test("a flush is alone, however many wait; one that hangs is not waited for", async () => {
      const { clock, flushes, commits } = startHanging();
      const answers = range(1, 4).map((item) => commits.add(item));
      await flushes.started(1);
      answers.push(...range(5, 9).map((item) => commits.add(item)));
      clock.advance(99);
      await turned();
      expect(flushes.batches).toEqual([range(1, 4)]);
      flushes.end();
      await flushes.started(2);
      clock.advance(99);
      await turned();
      expect(flushes.batches).toEqual([range(1, 4), range(5, 8)]);
      clock.advance(1);
      await flushes.started(3);
      expect(flushes.batches[2]).toEqual([9]);
      flushes.end();
      flushes.end();
      await Promise.all(answers);
      expect(clock.pending()).toBe(0);
    });

    test("few that came while a flush was under way go as soon as those after it would", async () => {
      const { clock, flushes, commits } = startHanging();
      const first = commits.add(1);
      await flushes.started(1);
      const second = commits.add(2);
      await turned();
      flushes.end();
      await first;
      clock.advance(19);
      await turned();
      expect(flushes.batches).toEqual([[1]]);
      clock.advance(1);
      await flushes.started(2);
      flushes.end();
      await second;
    });

    test("a lone item waits for nobody; few soon after it wait for each other", async () => {
      const { clock, batches, commits } = start();
      await commits.add(1);
      clock.advance(5);
      const second = commits.add(2);
      clock.advance(10);
      const third = commits.add(3);
      expect(commits.oldestWaiting).toBe(2);
      clock.advance(4);
      expect(batches).toEqual([[1]]);
      clock.advance(1);
      await Promise.all([second, third]);
      clock.advance(20);
      await commits.add(4);
      expect(batches).toEqual([[1], [2, 3], [4]]);
      expect(clock.pending()).toBe(0);
    });

    test("as many as are worth a flush go at once, and the next few wait from then on", async () => {
      const { clock, batches, commits } = start();
      await commits.add(1);
      clock.advance(19);
      await Promise.all([2, 3, 4].map((item) => commits.add(item)));
      const last = commits.add(5);
      clock.advance(19);
      expect(batches).toEqual([[1], [2, 3, 4]]);
      clock.advance(1);
      await last;
      expect(batches).toEqual([[1], [2, 3, 4], [5]]);
    });

    test("where only many are spaced, few wait for nobody", async () => {
      const { clock, batches, commits } = start(2);
      await commits.add(1);
      await commits.add(2);
      await Promise.all([3, 4].map((item) => commits.add(item)));
      const next = commits.add(5);
      await turned();
      expect(batches).toEqual([[1], [2], [3, 4]]);
      clock.advance(20);
      await next;
      await commits.add(6);
      expect(batches).toEqual([[1], [2], [3, 4], [5], [6]]);
    });
  });

  test("those that are hurried go whatever the spacing, if they are enough and alone", async () => {
    const clock = createManualClock();
    const flushes = new Flushes();
    const commits = new GroupCommit({
      flush: flushes.flush,
      batchMax: 10,
      flushesMax: 2,
      spacing: { clock, ms: 20, items: () => 9, aloneMs: 100 },
    });
    const answers = [commits.add(1)];
    await flushes.started(1);
    answers.push(commits.add(2), commits.add(3));
    commits.hurry(1);
    await turned();
    expect(flushes.batches).toEqual([[1]]);
    flushes.end();
    await answers[0];
    commits.hurry(3);
    await turned();
    expect(flushes.batches).toEqual([[1]]);
    commits.hurry(2);
    await flushes.started(2);
    flushes.end();
    await Promise.all(answers);
    answers.push(commits.add(4));
    await turned();
    expect(flushes.batches).toEqual([[1], [2, 3]]);
    clock.advance(20);
    await flushes.started(3);
    flushes.end();
    await Promise.all(answers);
  });

  test("where as many as came before are waited for, the next flush is as large or late", async () => {
    const clock = createManualClock();
    const { batches, flush } = flushAtOnce();
    const commits = new GroupCommit<number, number>({
      flush,
      batchMax: 10,
      flushesMax: 2,
      spacing: { clock, ms: 8, items: (last) => last * 0.7, aloneMs: 50, after: 3 },
    });
    await Promise.all(range(1, 4).map((item) => commits.add(item)));
    const answers = range(5, 6).map((item) => commits.add(item));
    await turned();
    expect(batches).toEqual([range(1, 4)]);
    answers.push(commits.add(7));
    await Promise.all(answers);
    const late = range(8, 9).map((item) => commits.add(item));
    clock.advance(7);
    await turned();
    expect(batches).toEqual([range(1, 4), range(5, 7)]);
    clock.advance(1);
    await Promise.all(late);
    // Two are few again.
    await commits.add(10);
    expect(batches).toEqual([range(1, 4), range(5, 7), range(8, 9), [10]]);
  });

  test("while keys take turns, nobody waits for more", async () => {
    const clock = createManualClock();
    const flushes = new Flushes();
    const commits = new GroupCommit({
      flush: flushes.flush,
      batchMax: 50,
      flushesMax: 2,
      turns: new FairTurns<number>(clock, (item) => item < 0),
      spacing: { clock, ms: 8, items: () => 50, aloneMs: 50, after: 1 },
    });
    const answers = [1, 2, -1].map((item) => commits.add(item));
    await flushes.started(1);
    answers.push(commits.add(-2));
    await flushes.started(2);
    expect(flushes.batches).toEqual([[1, 2, -1], [-2]]);
    flushes.end();
    flushes.end();
    await Promise.all(answers);
    expect(clock.pending()).toBe(0);
  });

  test("a flush of a light key that hangs holds up the heavy ones for some milliseconds only", async () => {
    const clock = createManualClock();
    const flushes = new Flushes();
    const turns = new FairTurns<number>(clock, (item) => item < 0);
    const commits = new GroupCommit({ flush: flushes.flush, batchMax: 50, flushesMax: 2, turns });
    const answers = [...range(1, 20), -1].map((item) => commits.add(item));
    await flushes.started(2);
    expect(flushes.batches).toEqual([[-1], range(1, 8)]);
    const light = flushes.take();
    flushes.end();
    await Promise.all(answers.slice(0, 8));
    await turned();
    expect(flushes.batches).toHaveLength(2);
    clock.advance(10);
    await flushes.started(3);
    expect(flushes.batches[2]).toEqual(range(9, 16));
    light?.end();
    flushes.end();
    await flushes.started(4);
    flushes.end();
    await Promise.all(answers);
  });

  test("an error reaches every caller of its batch and nobody else", async () => {
    const flushes = new Flushes();
    const commits = new GroupCommit({ flush: flushes.flush, batchMax: 2, flushesMax: 1 });
    const answers = Promise.allSettled([1, 2, 3].map((item) => commits.add(item)));
    await flushes.started(1);
    const error = new Error("the database is away");
    flushes.fail(error);
    await flushes.started(2);
    flushes.end();
    expect(await answers).toEqual([
      { status: "rejected", reason: error },
      { status: "rejected", reason: error },
      { status: "fulfilled", value: "done 3" },
    ]);
  });

  test("a flush with too few answers is a bug that every caller hears of", async () => {
    const commits = new GroupCommit<number, number>({
      flush: () => Promise.resolve([1]),
      batchMax: 10,
      flushesMax: 1,
    });
    const answers = await Promise.allSettled([commits.add(1), commits.add(2)]);
    for (const answer of answers) {
      expect(answer).toMatchObject({
        status: "rejected",
        reason: { message: "A flush of 2 items gave 1 answers." },
      });
    }
  });

  test("a batch ends before its bytes exceed the bound; a larger item goes alone", async () => {
    const { batches, flush } = flushAtOnce();
    const commits = new GroupCommit<number, number>({
      flush,
      batchMax: 10,
      flushesMax: 1,
      bytesMax: 100,
      bytesOf: (item) => item,
    });
    await Promise.all([60, 40, 1, 500, 99, 2, 98].map((item) => commits.add(item)));
    expect(batches).toEqual([[60, 40], [1], [500], [99], [2, 98]]);
  });

  test("drained waits for what waits and for what is being flushed", async () => {
    const flushes = new Flushes();
    const commits = new GroupCommit({ flush: flushes.flush, batchMax: 1, flushesMax: 1 });
    await commits.drained();
    const answers = Promise.all([commits.add(1), commits.add(2)]);
    let drained = false;
    const waiting = commits.drained().then(() => (drained = true));
    await flushes.started(1);
    flushes.end();
    await flushes.started(2);
    expect(drained).toBe(false);
    flushes.end();
    await waiting;
    expect(await answers).toEqual(["done 1", "done 2"]);
    expect(drained).toBe(true);
  });

  test("drained after a failure resolves too", async () => {
    const flushes = new Flushes();
    const commits = new GroupCommit({ flush: flushes.flush, batchMax: 1, flushesMax: 1 });
    const answer = commits.add(1).catch((error: unknown) => error);
    const waiting = commits.drained();
    await flushes.started(1);
    flushes.fail(new Error("away"));
    await waiting;
    expect(await answer).toBeInstanceOf(Error);
  });
});
