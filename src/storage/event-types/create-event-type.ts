/** Makes an event type; an archived one of that name comes back with the new contents. */
import { statement, type Storage } from "../storage.ts";
import {
  EVENT_TYPE_COLUMNS,
  type EventType,
  type EventTypeFields,
  type EventTypeRow,
  fieldValues,
  toEventType,
} from "./event-type.ts";

const CREATE = statement(
  "create-event-type",
  `INSERT INTO event_type AS t (environment_id, name, description, archived, deprecated, schemas,
     feature_flags, group_name, created_at, updated_at)
   SELECT $1, $2, $3, $4, $5, $6, $7, $8, at, at
   FROM date_trunc('milliseconds', coalesce(to_timestamp($9::float8 / 1000), now())) AS at
   ON CONFLICT (environment_id, name) DO UPDATE SET
     description = excluded.description, archived = excluded.archived,
     deprecated = excluded.deprecated, schemas = excluded.schemas,
     feature_flags = excluded.feature_flags, group_name = excluded.group_name,
     updated_at = excluded.updated_at
   WHERE t.archived
   RETURNING ${EVENT_TYPE_COLUMNS}`,
);

/** @returns undefined when a live event type has that name */
export async function createEventType(
  storage: Storage,
  key: { environmentId: string; name: string },
  fields: EventTypeFields,
): Promise<EventType | undefined> {
  const values = [key.environmentId, key.name, ...fieldValues(fields), storage.now()];
  const [row] = await storage.query<EventTypeRow>(CREATE, values);
  return row === undefined ? undefined : toEventType(row);
}
