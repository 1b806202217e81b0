/** The event type as it is stored, for the operations beside this file. */
import type { UnixMs } from "../../core/types.ts";

export interface EventType {
  name: string;
  description: string;
  archived: boolean;
  deprecated: boolean;
  /** JSON text as it was sent: version → JSON Schema. */
  schemas: string | null;
  featureFlags: string[] | null;
  groupName: string | null;
  createdAt: UnixMs;
  updatedAt: UnixMs;
}

export type EventTypeFields = Omit<EventType, "name" | "createdAt" | "updatedAt">;

export const EVENT_TYPE_COLUMNS =
  "name, description, archived, deprecated, schemas, feature_flags, group_name, created_at, updated_at";

export interface EventTypeRow {
  [column: string]: unknown;
  name: string;
  description: string;
  archived: boolean;
  deprecated: boolean;
  schemas: string | null;
  feature_flags: string[] | null;
  group_name: string | null;
  created_at: UnixMs;
  updated_at: UnixMs;
}

export function toEventType(row: EventTypeRow): EventType {
  return {
    name: row.name,
    description: row.description,
    archived: row.archived,
    deprecated: row.deprecated,
    schemas: row.schemas,
    featureFlags: row.feature_flags,
    groupName: row.group_name,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** The parameters $3 to $8 of the statements that write one. */
export function fieldValues(fields: EventTypeFields): unknown[] {
  return [
    fields.description,
    fields.archived,
    fields.deprecated,
    fields.schemas,
    fields.featureFlags,
    fields.groupName,
  ];
}
