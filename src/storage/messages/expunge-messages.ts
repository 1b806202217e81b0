/** Removes the payloads of the named messages for good; their rows, attempts and ids stay. */
import { statement, type Storage } from "../storage.ts";

// An event id never starts like an id, so one text names one message.
const EXPUNGE = statement(
  "expunge-messages",
  `WITH wanted AS (
     SELECT w.name, coalesce(e.message_id, w.name) AS message_id
     FROM unnest($2::text[]) AS w(name)
     LEFT JOIN message_event_id e ON e.application_id = $1 AND e.event_id = w.name
   )
   UPDATE message m SET payload = NULL FROM wanted w
   WHERE m.application_id = $1 AND m.message_id = w.message_id
   RETURNING m.message_id`,
);
const RESOLVE = statement(
  "resolve-event-ids",
  `SELECT event_id, message_id FROM message_event_id
   WHERE application_id = $1 AND event_id = ANY ($2::text[])`,
);

/** @param names ids or event ids; @returns those that name a message of the application */
export async function expungeMessages(
  storage: Storage,
  applicationId: string,
  names: string[],
): Promise<Set<string>> {
  return await storage.transaction(async (queries) => {
    const events = await queries.query<{ event_id: string; message_id: string }>(RESOLVE, [
      applicationId,
      names,
    ]);
    const rows = await queries.query<{ message_id: string }>(EXPUNGE, [applicationId, names]);
    const found = new Set(rows.map((row) => row.message_id));
    for (const row of events) if (found.has(row.message_id)) found.add(row.event_id);
    return found;
  });
}
