/** Event types on the wire (`svix-api.md` §8.4). */
import { Type, type Static } from "typebox";
import type { EventType, EventTypeFields } from "../../storage/event-types/event-type.ts";
import { RawJson } from "../json-text.ts";
import { dateTime, eventTypeName, listOf, nullable, text } from "../schemas.ts";

const schemas = Type.Unsafe<Record<string, unknown>>({
  type: "object",
  description: "Version → JSON Schema; comes back as it was sent.",
});
const flag = Type.String({ pattern: "^[a-zA-Z0-9\\-_.]+$", maxLength: 256 });

const optional = {
  archived: Type.Optional(nullable(Type.Boolean())),
  deprecated: Type.Optional(nullable(Type.Boolean())),
  schemas: Type.Optional(nullable(schemas)),
  featureFlag: Type.Optional(nullable(flag)),
  featureFlags: Type.Optional(nullable(Type.Array(flag, { maxItems: 50 }))),
  groupName: Type.Optional(nullable(eventTypeName)),
};

export const EventTypeIn = Type.Object(
  { name: eventTypeName, description: text, ...optional },
  { title: "EventTypeIn" },
);
export const EventTypeUpdate = Type.Object(
  { description: text, ...optional },
  { title: "EventTypeUpdate" },
);
export const EventTypePatch = Type.Object(
  { description: Type.Optional(text), ...optional },
  { title: "EventTypePatch" },
);
export const EventTypeOut = Type.Object(
  {
    name: eventTypeName,
    description: Type.String(),
    archived: Type.Boolean(),
    deprecated: Type.Boolean(),
    schemas: Type.Optional(nullable(schemas)),
    featureFlag: Type.Optional(nullable(Type.String())),
    featureFlags: Type.Optional(nullable(Type.Array(Type.String()))),
    groupName: Type.Optional(nullable(Type.String())),
    createdAt: dateTime,
    updatedAt: dateTime,
  },
  { title: "EventTypeOut" },
);
export const EventTypeList = listOf("ListResponse_EventTypeOut_", EventTypeOut);

export type EventTypeIn = Static<typeof EventTypeIn>;
export type EventTypeUpdate = Static<typeof EventTypeUpdate>;
export type EventTypePatch = Static<typeof EventTypePatch>;

/** The `schemas` member as it was sent: text for a value, null for null, undefined when absent. */
export type SentSchemas = string | null | undefined;

type Flags = Pick<EventTypePatch, "featureFlag" | "featureFlags">;

function flagsOf(body: Flags): string[] | null | undefined {
  if (body.featureFlags !== undefined) return body.featureFlags;
  if (body.featureFlag === undefined) return undefined;
  return body.featureFlag === null ? null : [body.featureFlag];
}

export function toFields(body: EventTypeUpdate, sent: SentSchemas): EventTypeFields {
  return {
    description: body.description,
    archived: body.archived ?? false,
    deprecated: body.deprecated ?? false,
    schemas: sent ?? null,
    featureFlags: flagsOf(body) ?? null,
    groupName: body.groupName ?? null,
  };
}

/** Absent members keep their value, null clears. */
export function patchFields(
  current: EventType,
  body: EventTypePatch,
  sent: SentSchemas,
): EventTypeFields {
  const flags = flagsOf(body);
  return {
    description: body.description ?? current.description,
    archived: body.archived ?? current.archived,
    deprecated: body.deprecated ?? current.deprecated,
    schemas: sent === undefined ? current.schemas : sent,
    featureFlags: flags === undefined ? current.featureFlags : flags,
    groupName: body.groupName === undefined ? current.groupName : body.groupName,
  };
}

export function renderEventType(eventType: EventType, withContent: boolean): unknown {
  const { schemas: stored, featureFlags } = eventType;
  return {
    name: eventType.name,
    description: eventType.description,
    archived: eventType.archived,
    deprecated: eventType.deprecated,
    ...(withContent && { schemas: stored === null ? null : new RawJson(stored) }),
    featureFlag: featureFlags?.[0] ?? null,
    featureFlags,
    groupName: eventType.groupName,
    createdAt: new Date(eventType.createdAt).toISOString(),
    updatedAt: new Date(eventType.updatedAt).toISOString(),
  };
}
