/** A page of an environment's event types by name. */
import { directedStatement, inDirection, type KeyRange } from "../key-range.ts";
import type { Storage } from "../storage.ts";
import {
  EVENT_TYPE_COLUMNS,
  type EventType,
  type EventTypeRow,
  toEventType,
} from "./event-type.ts";

const LIST = directedStatement(
  "list-event-types",
  (direction) =>
    `SELECT ${EVENT_TYPE_COLUMNS} FROM event_type
     WHERE environment_id = $1 AND name > $2 AND name < $3 AND ($5 OR NOT archived)
       AND ($6::text[] IS NULL OR feature_flags IS NULL OR feature_flags <@ $6)
     ORDER BY name ${direction} LIMIT $4`,
);

export async function listEventTypes(
  storage: Storage,
  list: {
    environmentId: string;
    includeArchived: boolean;
    /** Null: whatever flags they carry. */
    featureFlags: readonly string[] | null;
  },
  range: KeyRange,
): Promise<EventType[]> {
  const rows = await storage.query<EventTypeRow>(inDirection(LIST, range), [
    list.environmentId,
    range.lower,
    range.upper,
    range.limit,
    list.includeArchived,
    list.featureFlags,
  ]);
  return rows.map(toEventType);
}
