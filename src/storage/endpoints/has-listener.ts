/** Whether a message of a type and channels would be sent to any endpoint now. */
import { statement, type Storage } from "../storage.ts";

// The matching rule is that of STORE_AND_FAN_OUT.
const FIND = statement(
  "find-listener",
  `SELECT 1 AS found FROM endpoint e
   WHERE e.application_id = $1 AND NOT e.disabled AND e.deleted_at IS NULL
     AND (e.event_types IS NULL OR $2 = ANY (e.event_types))
     AND (e.channels IS NULL OR e.channels && $3::text[])
   LIMIT 1`,
);

export async function hasListener(
  storage: Storage,
  message: { applicationId: string; eventType: string; channels: string[] | null },
): Promise<boolean> {
  const values = [message.applicationId, message.eventType, message.channels];
  return (await storage.query(FIND, values)).length > 0;
}
