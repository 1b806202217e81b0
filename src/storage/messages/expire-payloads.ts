/** Removes payloads whose callers wanted them gone by now, a bounded number of rows at a time. */
import type { UnixMs } from "../../core/types.ts";
import { statement, type Storage } from "../storage.ts";

const ROWS_MAX = 1_000;

const EXPIRE = statement(
  "expire-payloads",
  `WITH due AS (
     SELECT application_id, message_id FROM message
     WHERE payload_expires_at <= to_timestamp($1::float8 / 1000) AND payload_expires_at IS NOT NULL
       AND payload IS NOT NULL
     ORDER BY payload_expires_at LIMIT $2
   )
   UPDATE message m SET payload = NULL FROM due
   WHERE m.application_id = due.application_id AND m.message_id = due.message_id
   RETURNING m.message_id`,
);

export async function expirePayloads(storage: Storage, now: UnixMs): Promise<void> {
  for (;;) {
    const rows = await storage.query(EXPIRE, [now, ROWS_MAX]);
    if (rows.length < ROWS_MAX) return;
  }
}
