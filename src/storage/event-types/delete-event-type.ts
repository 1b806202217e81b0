/** Removes an event type for good. Messages of that type, and endpoints that name it, stay. */
import { statement, type Storage } from "../storage.ts";

const DELETE = statement(
  "delete-event-type",
  "DELETE FROM event_type WHERE environment_id = $1 AND name = $2 RETURNING name",
);

/** @returns whether there was one */
export async function deleteEventType(
  storage: Storage,
  key: { environmentId: string; name: string },
): Promise<boolean> {
  const rows = await storage.query(DELETE, [key.environmentId, key.name]);
  return rows.length > 0;
}
