/** Changes an event type: read under lock, changed by the caller's rule, written whole. */
import { statement, type Storage } from "../storage.ts";
import {
  EVENT_TYPE_COLUMNS,
  type EventType,
  type EventTypeFields,
  type EventTypeRow,
  fieldValues,
  toEventType,
} from "./event-type.ts";

const LOCK = statement(
  "lock-event-type",
  `SELECT ${EVENT_TYPE_COLUMNS} FROM event_type
   WHERE environment_id = $1 AND name = $2 FOR UPDATE`,
);
const UPDATE = statement(
  "update-event-type",
  `UPDATE event_type SET description = $3, archived = $4, deprecated = $5, schemas = $6,
     feature_flags = $7, group_name = $8,
     updated_at = date_trunc('milliseconds', coalesce(to_timestamp($9::float8 / 1000), now()))
   WHERE environment_id = $1 AND name = $2
   RETURNING ${EVENT_TYPE_COLUMNS}`,
);

/** @returns undefined when there is none of that name */
export async function updateEventType(
  storage: Storage,
  key: { environmentId: string; name: string },
  change: (current: EventType) => EventTypeFields,
): Promise<EventType | undefined> {
  return await storage.transaction(async (queries) => {
    const ids = [key.environmentId, key.name];
    const [locked] = await queries.query<EventTypeRow>(LOCK, ids);
    if (locked === undefined) return undefined;
    const values = [...ids, ...fieldValues(change(toEventType(locked))), storage.now()];
    const [row] = await queries.query<EventTypeRow>(UPDATE, values);
    if (row === undefined) throw new Error(`The locked event type ${key.name} was not updated.`);
    return toEventType(row);
  });
}
