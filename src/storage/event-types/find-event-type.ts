/** Finds one event type, archived ones included; not one with flags that the caller does not hold. */
import { statement, type Storage } from "../storage.ts";
import {
  EVENT_TYPE_COLUMNS,
  type EventType,
  type EventTypeRow,
  toEventType,
} from "./event-type.ts";

const FIND = statement(
  "find-event-type",
  `SELECT ${EVENT_TYPE_COLUMNS} FROM event_type WHERE environment_id = $1 AND name = $2
     AND ($3::text[] IS NULL OR feature_flags IS NULL OR feature_flags <@ $3)`,
);

export async function findEventType(
  storage: Storage,
  environmentId: string,
  name: string,
  featureFlags: readonly string[] | null = null,
): Promise<EventType | undefined> {
  const [row] = await storage.query<EventTypeRow>(FIND, [environmentId, name, featureFlags]);
  return row === undefined ? undefined : toEventType(row);
}
