/** Endpoints on the wire (`svix-api.md` §8.2). */
import { Type, type Static, type TProperties } from "typebox";
import { disablesAt } from "../../core/failing.ts";
import type { SecretType } from "../../core/signing-secret.ts";
import type { Endpoint, EndpointFields } from "../../storage/endpoints/endpoint.ts";
import { writeMetadata } from "../applications/schema.ts";
import { RawJson } from "../json-text.ts";
import {
  channels,
  dateTime,
  eventTypeName,
  listOf,
  metadata,
  nullable,
  text,
  throttleRate,
  uidOf,
} from "../schemas.ts";

import { readRetrySchedule, renderRetrySchedule, retrySchedule } from "./retry-schedule.ts";

const urlText = Type.String({
  description: "http or https; a public host, or one that the operator allows.",
  examples: ["https://example.com/webhooks"],
});
const eventTypes = Type.Array(eventTypeName, {
  minItems: 1,
  uniqueItems: true,
  description: "Only messages of these event types; null: of all.",
});
const olderName = (current: string): { deprecated: boolean; description: string } => ({
  deprecated: true,
  description: `Older name of ${current}.`,
});
const headers = Type.Unsafe<Record<string, string>>({
  type: "object",
  additionalProperties: { type: "string" },
});

const secretType = Type.Unsafe<SecretType>({
  type: "string",
  enum: ["hmac256", "ed25519"],
  description: "hmac256: a shared secret, signatures `v1`; ed25519: a key pair, signatures `v1a`.",
});
const secretTypeAsked = Type.Unsafe<SecretType | null>({
  type: ["string", "null"],
  enum: ["hmac256", "ed25519", null],
  description: "Of the secret that is made: hmac256 at first, then as the one before.",
});

const optional = {
  description: Type.Optional(nullable({ ...text, description: "Shown to people." })),
  uid: Type.Optional(nullable(uidOf("ep_"))),
  throttleRate: Type.Optional(nullable(throttleRate)),
  rateLimit: Type.Optional(nullable({ ...throttleRate, ...olderName("throttleRate") })),
  retrySchedule: Type.Optional(retrySchedule),
  disabled: Type.Optional(nullable(Type.Boolean({ description: "Nothing is sent while it is." }))),
  eventTypes: Type.Optional(nullable(eventTypes)),
  filterTypes: Type.Optional(nullable({ ...eventTypes, ...olderName("eventTypes") })),
  channels: Type.Optional(nullable(channels)),
  metadata: Type.Optional(nullable(metadata)),
  version: Type.Optional(nullable(Type.Integer({ minimum: 1, maximum: 65_535, deprecated: true }))),
} satisfies TProperties;

export const EndpointIn = Type.Object(
  {
    url: urlText,
    ...optional,
    secret: Type.Optional(
      nullable(
        Type.String({
          description:
            "`whsec_` and base64 of 24 to 75 bytes, or `whsk_` and base64 of an ed25519 private key " +
            "(32 bytes, or 64 with the public key); null makes one.",
        }),
      ),
    ),
    secretType: Type.Optional(secretTypeAsked),
    headers: Type.Optional(nullable(headers)),
  },
  { title: "EndpointIn" },
);
export const EndpointUpdate = Type.Object(
  { url: urlText, ...optional },
  { title: "EndpointUpdate" },
);
export const EndpointPatch = Type.Object(
  { url: Type.Optional(urlText), ...optional },
  { title: "EndpointPatch" },
);

const outFields = {
  id: Type.String({ examples: ["ep_2tqVn7Yc4mJx8rLwKzB5dHf1sGp"] }),
  url: urlText,
  version: Type.Integer({ deprecated: true }),
  description: Type.String(),
  uid: nullable(Type.String()),
  throttleRate: nullable(Type.Integer()),
  rateLimit: nullable(Type.Integer({ deprecated: true })),
  retrySchedule,
  disabled: Type.Boolean(),
  disabledReason: nullable(
    Type.String({ description: "manual, gone, asked_by_receiver or failing_for_5_days." }),
  ),
  disabledAt: nullable(dateTime),
  failingSince: nullable(
    Type.String({ format: "date-time", description: "First failure after the last success." }),
  ),
  disablesAt: nullable(
    Type.String({
      format: "date-time",
      description: "The first failure from then on disables it, unless it succeeds before.",
    }),
  ),
  eventTypes: nullable(Type.Array(Type.String())),
  filterTypes: nullable(Type.Array(Type.String(), { deprecated: true })),
  channels: nullable(Type.Array(Type.String())),
  createdAt: dateTime,
  updatedAt: dateTime,
};
export const EndpointOut = Type.Object({ ...outFields, metadata }, { title: "EndpointOut" });
export const EndpointList = listOf("ListResponse_EndpointOut_", EndpointOut);
/** What other resources show of an endpoint. */
export const endpointOutFields: TProperties = outFields;

export const SecretOut = Type.Object(
  {
    key: Type.String({ description: "`whsec_…`, or the public key `whpk_…`." }),
    type: secretType,
  },
  { title: "EndpointSecretOut" },
);
export const SecretRotateIn = Type.Object(
  {
    key: Type.Optional(nullable(Type.String({ description: "As `secret`; null makes one." }))),
    secretType: Type.Optional(secretTypeAsked),
    gracePeriodSeconds: Type.Optional(
      nullable(Type.Integer({ minimum: 0, maximum: 604_800, default: 86_400 })),
    ),
  },
  { title: "EndpointSecretRotateIn" },
);
export const HeadersOut = Type.Object(
  { headers, sensitive: Type.Array(Type.String()) },
  { title: "EndpointHeadersOut" },
);
export const HeadersIn = Type.Object({ headers }, { title: "EndpointHeadersIn" });
export const HeadersPatch = Type.Object(
  {
    headers: Type.Optional(
      nullable(
        Type.Unsafe<Record<string, string | null>>({
          type: "object",
          additionalProperties: { type: ["string", "null"] },
        }),
      ),
    ),
    deleteHeaders: Type.Optional(nullable(Type.Array(Type.String()))),
  },
  { title: "EndpointHeadersPatchIn" },
);

export type EndpointIn = Static<typeof EndpointIn>;
export type EndpointUpdate = Static<typeof EndpointUpdate>;
export type EndpointPatch = Static<typeof EndpointPatch>;
export type SecretRotateIn = Static<typeof SecretRotateIn>;
export type HeadersIn = Static<typeof HeadersIn>;
export type HeadersPatch = Static<typeof HeadersPatch>;

/** The event types asked for, under either name; undefined when the body says nothing of them. */
export function eventTypesOf(body: EndpointPatch): string[] | null | undefined {
  return body.eventTypes === undefined ? body.filterTypes : body.eventTypes;
}

function rateOf(body: EndpointPatch): number | null | undefined {
  return body.throttleRate === undefined ? body.rateLimit : body.throttleRate;
}

/** @param url as checked and normalised */
export function toFields(body: EndpointUpdate, url: string): EndpointFields {
  const disabled = body.disabled ?? false;
  return {
    url,
    description: body.description ?? "",
    uid: body.uid ?? null,
    throttleRate: rateOf(body) ?? null,
    disabled,
    disabledReason: disabled ? "manual" : null,
    eventTypes: eventTypesOf(body) ?? null,
    channels: body.channels ?? null,
    metadata: writeMetadata(body.metadata),
    retryScheduleMs: readRetrySchedule(body.retrySchedule) ?? null,
    version: body.version ?? 1,
  };
}

function reasonAfter(current: Endpoint, disabled: boolean): string | null {
  if (!disabled) return null;
  return current.disabled ? current.disabledReason : "manual";
}

/** The whole endpoint replaced; why it was disabled is not the caller's to write. */
export function putFields(current: Endpoint, body: EndpointUpdate, url: string): EndpointFields {
  const fields = toFields(body, url);
  return { ...fields, disabledReason: reasonAfter(current, fields.disabled) };
}

/** Absent members keep their value, null clears. */
export function patchFields(current: Endpoint, body: EndpointPatch, url: string): EndpointFields {
  const kept = <T>(value: T | undefined, before: T): T => (value === undefined ? before : value);
  const disabled = body.disabled ?? current.disabled;
  return {
    url,
    description: body.description === undefined ? current.description : (body.description ?? ""),
    uid: kept(body.uid, current.uid),
    throttleRate: kept(rateOf(body), current.throttleRate),
    disabled,
    disabledReason: reasonAfter(current, disabled),
    eventTypes: kept(eventTypesOf(body), current.eventTypes),
    channels: kept(body.channels, current.channels),
    metadata: body.metadata === undefined ? current.metadata : writeMetadata(body.metadata),
    retryScheduleMs: kept(readRetrySchedule(body.retrySchedule), current.retryScheduleMs),
    version: body.version ?? current.version,
  };
}

const isoOrNull = (at: number | null): string | null =>
  at === null ? null : new Date(at).toISOString();

/** Without metadata, as other resources show an endpoint. */
export function renderEndpointFields(endpoint: Endpoint): Record<string, unknown> {
  const { disabledAt, failingSince } = endpoint;
  return {
    id: endpoint.endpointId,
    url: endpoint.url,
    version: endpoint.version,
    description: endpoint.description,
    uid: endpoint.uid,
    throttleRate: endpoint.throttleRate,
    rateLimit: endpoint.throttleRate,
    retrySchedule: renderRetrySchedule(endpoint.retryScheduleMs),
    disabled: endpoint.disabled,
    disabledReason: endpoint.disabledReason,
    disabledAt: isoOrNull(disabledAt),
    failingSince: isoOrNull(failingSince),
    disablesAt: isoOrNull(
      failingSince === null || endpoint.disabled ? null : disablesAt(failingSince),
    ),
    eventTypes: endpoint.eventTypes,
    filterTypes: endpoint.eventTypes,
    channels: endpoint.channels,
    createdAt: new Date(endpoint.createdAt).toISOString(),
    updatedAt: new Date(endpoint.updatedAt).toISOString(),
  };
}

export function renderEndpoint(endpoint: Endpoint): unknown {
  return { ...renderEndpointFields(endpoint), metadata: new RawJson(endpoint.metadata) };
}
