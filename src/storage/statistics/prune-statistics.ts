/** Forgets counters and issues after their time, a bounded number of rows at a time. */
import { firstIdAt } from "../../core/ids.ts";
import type { UnixMs } from "../../core/types.ts";
import { statement, type Storage } from "../storage.ts";
import { MINUTES_KEPT_MS } from "./count-recorded-attempts.ts";

const ROWS_MAX = 10_000;

// By their place in the table, which leaves no other plan than to go there.
const PRUNE_COUNTS = statement(
  "prune-attempt-counts",
  `DELETE FROM attempt_count WHERE ctid = ANY (ARRAY(
     SELECT ctid FROM attempt_count
     WHERE seconds = $1 AND starts_at < to_timestamp($2::float8 / 1000)
     ORDER BY starts_at LIMIT ${ROWS_MAX}))
   RETURNING 1 AS pruned`,
);
const PRUNE_ISSUES = statement(
  "prune-issues",
  `DELETE FROM issue WHERE ctid = ANY (ARRAY(
     SELECT ctid FROM issue WHERE last_attempt_id < $1 ORDER BY last_attempt_id LIMIT ${ROWS_MAX}))
   RETURNING 1 AS pruned`,
);

/** @param before what is older than the retention of attempts */
export async function pruneStatistics(
  storage: Storage,
  { before, now }: { before: UnixMs; now: UnixMs },
): Promise<void> {
  for (const [seconds, end] of [
    [60, now - MINUTES_KEPT_MS],
    [3_600, before],
  ]) {
    while ((await storage.query(PRUNE_COUNTS, [seconds, end])).length === ROWS_MAX);
  }
  const lastId = firstIdAt("atmpt_", before);
  while ((await storage.query(PRUNE_ISSUES, [lastId])).length === ROWS_MAX);
}
