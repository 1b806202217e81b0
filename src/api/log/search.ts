/**
 * Searches of the delivery log. What a search may read per request is bounded: it walks so many rows in
 * order, and where it stops before the page is full, the page is short (even empty) and not `done`; its
 * iterator goes on from there.
 */
import { Type } from "typebox";
import type { KeyRange } from "../../storage/key-range.ts";
import { OUTCOME_CLASSES, type OutcomeClass } from "../../storage/log/outcome-class.ts";
import { messageFilter, type MessageFilterQuery, messageFilterQuery } from "../messages/routes.ts";
import { pageQuery, text, timeQuery } from "../schemas.ts";
import type { ListOut, PageQuery } from "../pagination.ts";

/** Rows walked by one request, in steps. */
const WALKED_MAX = 1_000;
const STEP_MAX = 250;
/** Of what searches far: each step as long as all before it, up to here. */
const LONG_STEP_MAX = 2_000;
/** Payloads are read for it. */
const WALKED_FOR_TEXT_MAX = 400;
const TEXT_LENGTH_MAX = 256;

/** Whatever else it has are filters. */
type Filtered = PageQuery & { text?: string };

export interface SearchQuery extends PageQuery, MessageFilterQuery {
  endpoint_id?: string;
  outcome?: OutcomeClass[];
  status_code?: number;
  error_code?: string;
  slower_than_ms?: number;
  text?: string;
}

export const searchQuery = {
  ...pageQuery,
  ...timeQuery,
  ...messageFilterQuery,
  endpoint_id: Type.Optional(
    Type.String({ maxLength: 256, description: "The endpoint's id or uid." }),
  ),
  outcome: Type.Optional(
    Type.Array(Type.Unsafe<OutcomeClass>({ type: "string", enum: [...OUTCOME_CLASSES] }), {
      description: "By HTTP status, or by what kept an answer away.",
    }),
  ),
  status_code: Type.Optional(Type.Integer({ minimum: 100, maximum: 599 })),
  error_code: Type.Optional(
    Type.String({ pattern: "^[a-z_]{1,64}$", description: "For example timeout." }),
  ),
  slower_than_ms: Type.Optional(Type.Integer({ minimum: 0, maximum: 3_600_000 })),
  text: Type.Optional(
    Type.String({
      ...text,
      minLength: 1,
      maxLength: TEXT_LENGTH_MAX,
      description: "Contained in the first 64 KiB of the payload, letter by letter as it was sent.",
    }),
  ),
};

/** What both logs filter by. */
export function searchFilter(query: SearchQuery): ReturnType<typeof messageFilter> & {
  outcomeClasses: string[] | null;
  responseStatus: number | null;
  errorCode: string | null;
  slowerThanMs: number | null;
  text: string | null;
} {
  const { outcome = [], status_code, error_code, slower_than_ms } = query;
  return {
    ...messageFilter(query),
    outcomeClasses: outcome.length === 0 ? null : outcome,
    responseStatus: status_code ?? null,
    errorCode: error_code ?? null,
    slowerThanMs: slower_than_ms ?? null,
    text: query.text ?? null,
  };
}

/** How many rows the next step walks; 0: enough for one request. */
export function nextStep(query: Filtered, walked: number, wanted: number, max?: number): number {
  const most = max ?? (query.text === undefined ? WALKED_MAX : WALKED_FOR_TEXT_MAX);
  // Without a filter the first step is the page.
  if (walked === 0 && !isFiltered(query)) return wanted;
  const step = Math.max(STEP_MAX, Math.min(wanted, most), Math.min(walked, LONG_STEP_MAX));
  return Math.min(step, Math.max(0, most - walked));
}

function isFiltered(query: Filtered): boolean {
  const { limit: _limit, iterator: _iterator, before: _before, after: _after, ...filters } = query;
  return Object.keys(filters).some((name) => !name.startsWith("with_"));
}

/** The rest of `range`, after a step of the walk ended at `from`. */
export function restOf(range: KeyRange, from: string | null, limit: number): KeyRange {
  if (from === null) return { ...range, limit };
  return range.ascending ? { ...range, lower: from, limit } : { ...range, upper: from, limit };
}

export interface Walked<Row> {
  rows: Row[];
  /** Where it ended; null: nothing was walked. */
  last: string | null;
  ended: boolean;
}

/**
 * A page out of steps of a walk: until it is full, nothing is left, or enough was read.
 * @param walkedMax rows that one request may read, if not as many as a search
 * @param step walks `count` rows from where the last step ended, and gives up to `rowsMax` of them
 */
export async function walkPage<Row>(
  query: Filtered,
  limit: number,
  step: (from: string | null, count: number, rowsMax: number) => Promise<Walked<Row>>,
  walkedMax?: number,
): Promise<Walked<Row>> {
  const page: Walked<Row> = { rows: [], last: null, ended: false };
  const wanted = limit + 1;
  for (let walked = 0; page.rows.length < wanted && !page.ended;) {
    const count = nextStep(query, walked, wanted, walkedMax);
    if (count === 0) break;
    const { rows, last, ended } = await step(page.last, count, wanted - page.rows.length);
    page.rows.push(...rows);
    page.last = last ?? page.last;
    page.ended = ended;
    walked += count;
  }
  return page;
}

/** @param from key of the iterator that was given; null: none */
export function renderWalk<Row>(
  { rows, last, ended }: Walked<Row>,
  { limit, reversed, from }: { limit: number; reversed: boolean; from: string | null },
  { keyOf, render }: { keyOf: (row: Row) => string; render: (row: Row) => unknown },
): ListOut {
  const shown = rows.slice(0, limit);
  const isFull = rows.length > limit;
  const near = shown[0] === undefined ? from : keyOf(shown[0]);
  const end = shown.at(-1);
  const far = isFull || ended || last === null ? (end === undefined ? from : keyOf(end)) : last;
  const [newer, older] = reversed ? [far, near] : [near, far];
  return {
    data: (reversed ? shown.toReversed() : shown).map(render),
    iterator: older,
    prevIterator: newer === null ? null : `-${newer}`,
    done: !isFull && ended,
  };
}
