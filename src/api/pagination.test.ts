/** Pages over a list of ids, forwards and backwards, checked against plain slices. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeId, ENTROPY_BYTES } from "../core/ids.ts";
import type { KeyRange } from "../storage/key-range.ts";
import { ApiError } from "./errors.ts";
import {
  type ListOut,
  type PageOptions,
  type PageQuery,
  readPage,
  renderPage,
} from "./pagination.ts";

const NOW = 1_800_000_000_000;
const DAY = 86_400_000;

function idAt(at: number, n = 0): string {
  const entropy = new Uint8Array(ENTROPY_BYTES);
  entropy[0] = n;
  return encodeId("msg_", at, entropy);
}

/** What the database does with a range. */
function select(keys: string[], { lower, upper, ascending, limit }: KeyRange): string[] {
  const found = keys.filter((key) => key > lower && key < upper).sort();
  return (ascending ? found : found.toReversed()).slice(0, limit);
}

function page(keys: string[], query: PageQuery, options: PageOptions): ListOut {
  const wanted = readPage(query, options);
  return renderPage(wanted, select(keys, wanted.range), {
    keyOf: (key) => key,
    render: (key) => key,
  });
}

function walk(keys: string[], limit: number, options: PageOptions): ListOut[] {
  const pages: ListOut[] = [];
  let iterator: string | null = null;
  for (;;) {
    const query: PageQuery = iterator === null ? { limit } : { limit, iterator };
    const next = page(keys, query, options);
    pages.push(next);
    if (next.done) return pages;
    ({ iterator } = next);
  }
}

const orders = ["ascending", "descending"] as const;

describe("loops", () => {
  test.each(orders)("%s: forwards everything once, backwards the same pages", (defaultOrder) => {
    const options: PageOptions = { prefix: "msg_", defaultOrder };
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 30 }),
        fc.integer({ min: 1, max: 9 }),
        (size, limit) => {
          const keys = Array.from({ length: size }, (_, n) => idAt(NOW, n)).sort();
          const ordered = defaultOrder === "ascending" ? keys : keys.toReversed();
          const pages = walk(keys, limit, options);
          expect(pages.flatMap(({ data }) => data)).toEqual(ordered);
          for (let n = pages.length - 1; n > 0; n -= 1) {
            const back = page(keys, { limit, iterator: pages[n]?.prevIterator ?? "" }, options);
            expect(back.data).toEqual(pages[n - 1]?.data);
            expect(back.done).toBe(n === 1);
          }
        },
      ),
    );
  });

  test("an empty list has no iterators and is done", () => {
    expect(page([], {}, { prefix: "msg_", defaultOrder: "ascending" })).toEqual({
      data: [],
      iterator: null,
      prevIterator: null,
      done: true,
    });
  });

  test("order turns the list round", () => {
    const keys = [1, 2, 3].map((n) => idAt(NOW, n));
    const options: PageOptions = { prefix: "msg_", defaultOrder: "descending" };
    expect(page(keys, { order: "ascending" }, options).data).toEqual(keys);
    expect(page(keys, { order: "descending" }, options).data).toEqual(keys.toReversed());
  });

  test("names are keys too", () => {
    const names = ["a", "a.b", "Z-1"];
    const options: PageOptions = { prefix: null, defaultOrder: "ascending" };
    expect(page(names, { limit: 2 }, options)).toMatchObject({
      data: ["Z-1", "a"],
      iterator: "a",
      prevIterator: "-Z-1",
      done: false,
    });
    expect(page(names, { iterator: "a" }, options).data).toEqual(["a.b"]);
    const dashed = ["--", "-a", "-b", "a"];
    expect(walk(dashed, 1, options).flatMap(({ data }) => data)).toEqual(dashed);
    expect(page(dashed, { iterator: "--b", limit: 1 }, options).data).toEqual(["-a"]);
  });
});

describe("lists by time", () => {
  const options: PageOptions = { prefix: "msg_", defaultOrder: "descending", now: NOW };
  const iso = (at: number): string => new Date(at).toISOString();
  const days = [100, 91, 89, 50, 10, 1, 0].map((ago) => idAt(NOW - ago * DAY));

  test("look back 90 days, and not an hour ahead", () => {
    const keys = [...days, idAt(NOW + 3_500_000), idAt(NOW + 3_700_000)];
    expect(page(keys, {}, options).data).toEqual([
      idAt(NOW + 3_500_000),
      ...days.slice(2).toReversed(),
    ]);
  });

  test("the 90 days count from before, or from the iterator", () => {
    const before = iso(NOW - 20 * DAY);
    expect(page(days, { before }, options).data).toEqual([days[3], days[2], days[1], days[0]]);
    const iterator = idAt(NOW - 50 * DAY);
    expect(page(days, { iterator }, options).data).toEqual([days[2], days[1], days[0]]);
  });

  test("before and after together are exclusive bounds", () => {
    const query = { after: iso(NOW - 60 * DAY), before: iso(NOW - 10 * DAY) };
    expect(page(days, query, options).data).toEqual([days[3]]);
  });

  test("with only after: the oldest page, newest first inside it, and backwards to the newer", () => {
    const first = page(days, { limit: 2, after: iso(NOW - 60 * DAY) }, options);
    expect(first.data).toEqual([days[4], days[3]]);
    expect(first.done).toBe(false);
    const query = { limit: 2, after: iso(NOW - 60 * DAY), iterator: first.prevIterator ?? "" };
    expect(page(days, query, options).data).toEqual([days[6], days[5]]);
  });

  test.each(["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])("%s is only a far bound", (far) => {
    expect(page(days, { before: far }, options).data.length).toBeLessThanOrEqual(5);
    expect(page(days, { after: far }, options).data.length).toBeLessThanOrEqual(5);
  });
});

describe("refusals", () => {
  test.each([
    "",
    "-",
    "x",
    "app_2tqVn7Yc4mJx8rLwKzB5dHf1sGp",
    "msg_short",
    `msg_${"!".repeat(27)}`,
  ])("iterator %j", (iterator) => {
    const read = (): unknown =>
      readPage({ iterator }, { prefix: "msg_", defaultOrder: "ascending" });
    expect(read).toThrow(ApiError);
  });
});
