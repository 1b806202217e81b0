/**
 * Changes an endpoint: read under lock, changed by the caller's rule, written whole. Its revision
 * grows, so that queued deliveries see the change; enabling it again forgets that it was failing.
 */
import {
  type EndpointEventType,
  tellOfEndpoint,
  type Telling,
} from "../operational/publish-endpoint-event.ts";
import { sqlState, statement, UNIQUE_VIOLATION, type Storage } from "../storage.ts";
import type { EndpointOutcome } from "./create-endpoint.ts";
import {
  type Credentials,
  type Endpoint,
  ENDPOINT_COLUMNS,
  type EndpointFields,
  type EndpointKey,
  type EndpointRow,
  fieldValues,
  toEndpoint,
} from "./endpoint.ts";
import { endpointPlace } from "./load-targets.ts";

const LOCK = statement(
  "lock-endpoint",
  `SELECT ${ENDPOINT_COLUMNS} FROM endpoint e
   WHERE application_id = $1 AND endpoint_id = $2 AND deleted_at IS NULL FOR UPDATE`,
);
const UPDATE = statement(
  "update-endpoint",
  `UPDATE endpoint e SET uid = $4, url = $5, description = $6, version = $7, throttle_rate = $8,
     disabled = $9, disabled_reason = $10, event_types = $11, channels = $12, metadata = $13,
     retry_schedule_ms = $14,
     failing_since = CASE WHEN e.disabled AND NOT $9 THEN NULL ELSE e.failing_since END,
     disabled_at = CASE WHEN NOT $9 THEN NULL WHEN e.disabled THEN e.disabled_at
       ELSE date_trunc('milliseconds', coalesce(to_timestamp($3::float8 / 1000), now())) END,
     credentials = CASE WHEN $15 THEN $16 ELSE e.credentials END, revision = e.revision + 1,
     updated_at = date_trunc('milliseconds', coalesce(to_timestamp($3::float8 / 1000), now()))
   WHERE application_id = $1 AND endpoint_id = $2
   RETURNING ${ENDPOINT_COLUMNS}`,
);

export interface EndpointChange {
  fields: EndpointFields;
  /** Undefined: they stay. */
  credentials: Credentials | null | undefined;
}

function typesOf(wasDisabled: boolean, isDisabled: boolean): EndpointEventType[] {
  if (wasDisabled === isDisabled) return ["endpoint.updated"];
  return ["endpoint.updated", isDisabled ? "endpoint.disabled" : "endpoint.enabled"];
}

/** @param change may throw a refusal: nothing is written then */
export async function updateEndpoint(
  storage: Storage,
  key: EndpointKey,
  change: (current: Endpoint) => EndpointChange,
  telling?: Telling,
): Promise<EndpointOutcome> {
  const place = endpointPlace(key.endpointId, "credentials");
  try {
    return await storage.transaction(async (queries) => {
      const ids = [key.applicationId, key.endpointId];
      const [locked] = await queries.query<EndpointRow>(LOCK, ids);
      if (locked === undefined) return { kind: "missing" };
      const current = toEndpoint(locked);
      const { fields, credentials } = change(current);
      const sealed = credentials && storage.vault.seal(JSON.stringify(credentials), place);
      const [row] = await queries.query<EndpointRow>(UPDATE, [
        ...ids,
        storage.now(),
        ...fieldValues(fields),
        credentials !== undefined,
        sealed ?? null,
      ]);
      if (row === undefined) throw new Error(`The locked ${key.endpointId} was not updated.`);
      const told = { ...telling, applicationId: key.applicationId, endpointId: key.endpointId };
      const types = typesOf(current.disabled, fields.disabled);
      await tellOfEndpoint(queries, { ...told, types, now: storage.now() });
      return { kind: "done", endpoint: toEndpoint(row) };
    });
  } catch (error) {
    if (sqlState(error) === UNIQUE_VIOLATION) return { kind: "uid_taken" };
    throw error;
  }
}
