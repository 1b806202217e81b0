/** Finds one event type, archived ones included. */
import { statement, type Storage } from "../storage.ts";
import {
  EVENT_TYPE_COLUMNS,
  type EventType,
  type EventTypeRow,
  toEventType,
} from "./event-type.ts";

const FIND = statement(
  "find-event-type",
  `SELECT ${EVENT_TYPE_COLUMNS} FROM event_type WHERE environment_id = $1 AND name = $2`,
);

export async function findEventType(
  storage: Storage,
  environmentId: string,
  name: string,
): Promise<EventType | undefined> {
  const [row] = await storage.query<EventTypeRow>(FIND, [environmentId, name]);
  return row === undefined ? undefined : toEventType(row);
}
