/** Forgets idempotency keys after their retention, a bounded number of rows at a time. */
import type { UnixMs } from "../../core/types.ts";
import { statement, type Storage } from "../storage.ts";

const ROWS_MAX = 10_000;

const PRUNE = statement(
  "prune-idempotency",
  `DELETE FROM idempotency WHERE (environment_id, key_hash) IN (
     SELECT environment_id, key_hash FROM idempotency
     WHERE created_at < to_timestamp($1::float8 / 1000) LIMIT $2)
   RETURNING 1 AS pruned`,
);

export async function pruneIdempotency(storage: Storage, before: UnixMs): Promise<number> {
  let pruned = 0;
  for (;;) {
    const rows = await storage.query(PRUNE, [before, ROWS_MAX]);
    pruned += rows.length;
    if (rows.length < ROWS_MAX) return pruned;
  }
}
