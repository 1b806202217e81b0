/** Forgets tokens of portals that have expired, a bounded number of rows at a time. */
import type { UnixMs } from "../../core/types.ts";
import { statement, type Storage } from "../storage.ts";

const ROWS_MAX = 10_000;

const PRUNE = statement(
  "prune-portal-sessions",
  `DELETE FROM portal_session WHERE (application_id, token_id) IN (
     SELECT application_id, token_id FROM portal_session
     WHERE expires_at < to_timestamp($1::float8 / 1000) LIMIT $2)
   RETURNING 1 AS pruned`,
);

export async function prunePortalSessions(storage: Storage, before: UnixMs): Promise<number> {
  let pruned = 0;
  for (;;) {
    const rows = await storage.query(PRUNE, [before, ROWS_MAX]);
    pruned += rows.length;
    if (rows.length < ROWS_MAX) return pruned;
  }
}
