/** Applications on the wire (`svix-api.md` §8.1). */
import { Type, type Static } from "typebox";
import type { Application, ApplicationFields } from "../../storage/applications/application.ts";
import { invalidAt } from "../errors.ts";
import { RawJson } from "../json-text.ts";
import {
  dateTime,
  listOf,
  metadata,
  METADATA_BYTES_MAX,
  name,
  nullable,
  throttleRate,
  uidOf,
} from "../schemas.ts";

const optional = {
  uid: Type.Optional(nullable(uidOf("app_"))),
  throttleRate: Type.Optional(nullable(throttleRate)),
  rateLimit: Type.Optional(nullable(throttleRate)),
  metadata: Type.Optional(nullable(metadata)),
};

export const ApplicationIn = Type.Object({ name, ...optional }, { title: "ApplicationIn" });
export const ApplicationPatch = Type.Object(
  { name: Type.Optional(name), ...optional },
  { title: "ApplicationPatch" },
);
export const ApplicationOut = Type.Object(
  {
    id: Type.String({ examples: ["app_2tqVn7Yc4mJx8rLwKzB5dHf1sGp"] }),
    uid: nullable(Type.String()),
    name: Type.String(),
    throttleRate: nullable(Type.Integer()),
    rateLimit: Type.Optional(Type.Integer({ deprecated: true })),
    metadata,
    createdAt: dateTime,
    updatedAt: dateTime,
  },
  { title: "ApplicationOut" },
);
export const ApplicationList = listOf("ListResponse_ApplicationOut_", ApplicationOut);

export type ApplicationIn = Static<typeof ApplicationIn>;
export type ApplicationPatch = Static<typeof ApplicationPatch>;

/** The map as JSON text. @throws 422 when it is too large */
export function writeMetadata(value: Record<string, string> | null | undefined): string {
  const text = JSON.stringify(value ?? {});
  if (Buffer.byteLength(text) <= METADATA_BYTES_MAX) return text;
  const msg = `metadata has at most ${METADATA_BYTES_MAX} bytes as JSON.`;
  throw invalidAt(["body", "metadata"], msg);
}

export function toFields(body: ApplicationIn): ApplicationFields {
  return {
    name: body.name,
    uid: body.uid ?? null,
    throttleRate: body.throttleRate ?? body.rateLimit ?? null,
    metadata: writeMetadata(body.metadata),
  };
}

/** Absent members keep their value, null clears. */
export function patchFields(current: Application, body: ApplicationPatch): ApplicationFields {
  const rate = body.throttleRate === undefined ? body.rateLimit : body.throttleRate;
  return {
    name: body.name ?? current.name,
    uid: body.uid === undefined ? current.uid : body.uid,
    throttleRate: rate === undefined ? current.throttleRate : rate,
    metadata: body.metadata === undefined ? current.metadata : writeMetadata(body.metadata),
  };
}

export function renderApplication(application: Application): unknown {
  const { throttleRate: rate } = application;
  return {
    id: application.applicationId,
    uid: application.uid,
    name: application.name,
    throttleRate: rate,
    ...(rate !== null && { rateLimit: rate }),
    metadata: new RawJson(application.metadata),
    createdAt: new Date(application.createdAt).toISOString(),
    updatedAt: new Date(application.updatedAt).toISOString(),
  };
}
