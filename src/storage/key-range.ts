/**
 * Keyset pagination: a list is read from one end of a range of keys, `limit` rows at most. Both bounds
 * are always given, so that the range stays on its index whatever plan PostgreSQL keeps.
 */
import { statement, type Statement } from "./storage.ts";

export interface KeyRange {
  /** Exclusive. */
  lower: string;
  /** Exclusive. */
  upper: string;
  ascending: boolean;
  limit: number;
}

/** Below every id and name. */
export const LOWEST_KEY = "";
/** Above every id and name in C collation: they are letters, digits, `-`, `_` and `.`. */
export const HIGHEST_KEY = "~";

export interface DirectedStatement {
  ascending: Statement;
  descending: Statement;
}

/** Declares a list statement once per direction; `text` writes the given word into its ORDER BY. */
export function directedStatement(
  name: string,
  text: (direction: "ASC" | "DESC") => string,
): DirectedStatement {
  return {
    ascending: statement(`${name}-ascending`, text("ASC")),
    descending: statement(`${name}-descending`, text("DESC")),
  };
}

/** The statement that reads `range` in its direction. */
export function inDirection(declared: DirectedStatement, range: KeyRange): Statement {
  return range.ascending ? declared.ascending : declared.descending;
}
