/** Pages as Svix has them (`svix-api.md` §6): an iterator is the id of the last row, `-id` goes back. */
import { firstIdAt, type IdPrefix, timeOfId } from "../core/ids.ts";
import type { UnixMs } from "../core/types.ts";
import { HIGHEST_KEY, type KeyRange, LOWEST_KEY } from "../storage/key-range.ts";
import { invalidAt } from "./errors.ts";
import { PAGE_LIMIT_DEFAULT } from "./schemas.ts";
import { parseDateTime } from "./validation.ts";

const DAY_MS = 86_400_000;
/** How far a list by time looks back. */
const LOOK_BACK_MS = 90 * DAY_MS;
/** Clocks of other nodes may be ahead by so much; what is later is hidden. */
const AHEAD_MS = 3_600_000;

export interface PageQuery {
  limit?: number;
  iterator?: string;
  order?: "ascending" | "descending";
  before?: string;
  after?: string;
}

export interface PageOptions {
  /** Null: keys are names. */
  prefix: IdPrefix | null;
  defaultOrder: "ascending" | "descending";
  /** Given for lists by time: they take `before` and `after` and look back 90 days. */
  now?: UnixMs;
}

export interface Page {
  range: KeyRange;
  /** Rows come against the list's order and have to be turned round. */
  reversed: boolean;
  limit: number;
}

/** Stands before a name that itself starts with `-`, which would read as going back. */
const FORWARD = "~";
const NAME = /^[a-zA-Z0-9\-_.]{1,256}$/;
const ID_BODY = /^[0-9A-Za-z]{27}$/;

function readIterator(raw: string, prefix: IdPrefix | null): { key: string; back: boolean } {
  const back = raw.startsWith("-");
  const key = back || raw.startsWith(FORWARD) ? raw.slice(1) : raw;
  const wellFormed =
    prefix === null
      ? NAME.test(key)
      : key.startsWith(prefix) && ID_BODY.test(key.slice(prefix.length));
  if (wellFormed) return { key, back };
  throw invalidAt(["query", "iterator"], "iterator must be one that a page of this list gave.");
}

const laterOf = (a: string, b: string): string => (a > b ? a : b);
const earlierOf = (a: string, b: string): string => (a < b ? a : b);

interface Window {
  lower: string;
  upper: string;
  /** Only `after` is given: the page next to it is wanted. */
  fromOldest: boolean;
}

/** Bounds by time; `key` is the iterator's. */
function readWindow(query: PageQuery, options: PageOptions, key: string | undefined): Window {
  const { now, prefix } = options;
  if (now === undefined || prefix === null) {
    return { lower: LOWEST_KEY, upper: HIGHEST_KEY, fromOldest: false };
  }
  const before = query.before === undefined ? undefined : parseDateTime(query.before);
  const after = query.after === undefined ? undefined : parseDateTime(query.after);
  if (before !== undefined && after !== undefined && after >= before) {
    throw invalidAt(["query", "before"], "before must be later than after.");
  }
  const horizon = now + AHEAD_MS;
  const latest = Math.min(before ?? horizon, horizon);
  const from = (key === undefined ? undefined : timeOfId(key)) ?? Math.min(latest, now);
  const earliest = Math.max(after ?? 0, Math.min(from, latest) - LOOK_BACK_MS);
  return {
    lower: firstIdAt(prefix, Math.min(earliest, horizon)),
    upper: firstIdAt(prefix, Math.max(latest, earliest)),
    fromOldest: after !== undefined && before === undefined && key === undefined,
  };
}

/** The range of keys that a list request asks for. @throws 422 */
export function readPage(query: PageQuery, options: PageOptions): Page {
  const limit = query.limit ?? PAGE_LIMIT_DEFAULT;
  const ascends = (query.order ?? options.defaultOrder) === "ascending";
  const iterator =
    query.iterator === undefined ? undefined : readIterator(query.iterator, options.prefix);
  const { lower, upper, fromOldest } = readWindow(query, options, iterator?.key);
  const reversed = iterator?.back === true || fromOldest;
  const ascending = ascends !== reversed;
  const range: KeyRange = { lower, upper, ascending, limit: limit + 1 };
  if (iterator !== undefined && ascending) range.lower = laterOf(lower, iterator.key);
  if (iterator !== undefined && !ascending) range.upper = earlierOf(upper, iterator.key);
  return { range, reversed, limit };
}

function forwardFrom(key: string): string {
  return key.startsWith("-") ? FORWARD + key : key;
}

export interface ListOut {
  data: unknown[];
  iterator: string | null;
  prevIterator: string | null;
  done: boolean;
}

/** @param rows as the range gave them: up to one more than the page holds */
export function renderPage<Row>(
  page: Page,
  rows: Row[],
  { keyOf, render }: { keyOf: (row: Row) => string; render: (row: Row) => unknown },
): ListOut {
  const shown = rows.slice(0, page.limit);
  if (page.reversed) shown.reverse();
  const first = shown[0];
  const last = shown.at(-1);
  return {
    data: shown.map(render),
    iterator: last === undefined ? null : forwardFrom(keyOf(last)),
    prevIterator: first === undefined ? null : `-${keyOf(first)}`,
    done: rows.length <= page.limit,
  };
}
