/** Frees the event ids of messages that retention has dropped, a bounded number of rows at a time. */
import { firstIdAt } from "../../core/ids.ts";
import type { UnixMs } from "../../core/types.ts";
import { statement, type Storage } from "../storage.ts";

const ROWS_MAX = 10_000;

const PRUNE = statement(
  "prune-event-ids",
  `DELETE FROM message_event_id WHERE (application_id, event_id) IN (
     SELECT application_id, event_id FROM message_event_id
     WHERE message_id < $1 ORDER BY message_id LIMIT $2)
   RETURNING 1 AS pruned`,
);

/** @param before messages accepted earlier are gone */
export async function pruneEventIds(storage: Storage, before: UnixMs): Promise<number> {
  let pruned = 0;
  for (;;) {
    const rows = await storage.query(PRUNE, [firstIdAt("msg_", before), ROWS_MAX]);
    pruned += rows.length;
    if (rows.length < ROWS_MAX) return pruned;
  }
}
