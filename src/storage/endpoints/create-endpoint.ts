/** Makes an endpoint with its signing secret, in one statement; secret, headers and credentials sealed. */
import { bucketOf } from "../../core/bucket.ts";
import { tellOfEndpoint } from "../operational/publish-endpoint-event.ts";
import { sqlState, statement, UNIQUE_VIOLATION, type Storage } from "../storage.ts";
import {
  type Credentials,
  type Endpoint,
  ENDPOINT_COLUMNS,
  type EndpointFields,
  type EndpointRow,
  fieldValues,
  toEndpoint,
} from "./endpoint.ts";
import { endpointPlace } from "./load-targets.ts";

/** Live endpoints of one application. */
export const ENDPOINTS_MAX = 1_000;

export interface NewEndpoint {
  environmentId: string;
  applicationId: string;
  endpointId: string;
  fields: EndpointFields;
  /** `whsec_…` or `whsk_…` */
  secret: string;
  headers: Record<string, string> | null;
  credentials: Credentials | null;
  /** Makes the id of the operational event; without it none is told. */
  makeEventId?: () => string;
}

export type EndpointOutcome =
  | { kind: "done"; endpoint: Endpoint }
  | { kind: "uid_taken" }
  /** No such application or endpoint (any more). */
  | { kind: "missing" };

// The application row is locked for sharing, so that its deletion either waits or is seen.
const CREATE = statement(
  "create-endpoint",
  `WITH application AS (
     SELECT application_id FROM application
     WHERE environment_id = $1 AND application_id = $2 AND deleted_at IS NULL FOR SHARE
   ),
   moment AS (
     SELECT date_trunc('milliseconds', coalesce(to_timestamp($15::float8 / 1000), now())) AS at
   ),
   made AS (
     INSERT INTO endpoint AS e (environment_id, application_id, endpoint_id, uid, url, description,
       version, throttle_rate, disabled, disabled_reason, event_types, channels, metadata,
       retry_schedule_ms, bucket, headers, credentials, disabled_at, created_at, updated_at)
     SELECT $1, application_id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $16, $17, $18,
       CASE WHEN $9 THEN at END, at, at
     FROM application, moment
     RETURNING ${ENDPOINT_COLUMNS}
   ),
   secret AS (
     INSERT INTO endpoint_secret (application_id, endpoint_id, secret_number, sealed, created_at)
     SELECT $2, $3, 1, $19, created_at FROM made
   )
   SELECT * FROM made`,
);

const COUNT = statement(
  "count-endpoints",
  `SELECT count(*)::int AS endpoints FROM (
     SELECT 1 FROM endpoint WHERE application_id = $1 AND deleted_at IS NULL LIMIT $2) AS counted`,
);

export async function createEndpoint(
  storage: Storage,
  made: NewEndpoint,
): Promise<EndpointOutcome | { kind: "limit" }> {
  const { applicationId, endpointId } = made;
  const seal = (value: object | null, field: string): Buffer | null =>
    value === null
      ? null
      : storage.vault.seal(JSON.stringify(value), endpointPlace(endpointId, field));
  const [counted] = await storage.query<{ endpoints: number }>(COUNT, [
    applicationId,
    ENDPOINTS_MAX,
  ]);
  if ((counted?.endpoints ?? 0) >= ENDPOINTS_MAX) return { kind: "limit" };
  try {
    const values = [
      made.environmentId,
      applicationId,
      endpointId,
      ...fieldValues(made.fields),
      storage.now(),
      bucketOf(endpointId),
      seal(made.headers, "headers"),
      seal(made.credentials, "credentials"),
      storage.vault.seal(made.secret, endpointPlace(endpointId, "secret")),
    ];
    return await storage.transaction(async (queries) => {
      const [row] = await queries.query<EndpointRow>(CREATE, values);
      if (row === undefined) return { kind: "missing" };
      await tellOfEndpoint(queries, { ...made, types: ["endpoint.created"], now: storage.now() });
      return { kind: "done", endpoint: toEndpoint(row) };
    });
  } catch (error) {
    if (sqlState(error) === UNIQUE_VIOLATION) return { kind: "uid_taken" };
    throw error;
  }
}
