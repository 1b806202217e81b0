/** Lists by offset: one row more than the page tells whether there is more; counts stay cheap. */
import type { Pagination } from "./envelope.ts";

/** Beyond this a list says only that there is more. */
export const COUNT_MAX = 10_000;

/** @param rows up to `limit + 1` @param counted up to `COUNT_MAX + 1` */
export function paginate<T>(
  rows: T[],
  counted: number,
  page: { offset: number; limit: number },
): { rows: T[]; pagination: Pagination } {
  const total = counted > COUNT_MAX ? null : counted;
  const hasMore = rows.length > page.limit;
  return { rows: rows.slice(0, page.limit), pagination: { ...page, total, hasMore } };
}
