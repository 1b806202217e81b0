/** What the engine needs of an endpoint to send to it, secrets opened. */
import type { UnixMs } from "../../core/types.ts";
import type { SigningKey } from "../../core/signature.ts";
import { parseSigningSecret } from "../../core/signing-secret.ts";
import { statement, type Storage } from "../storage.ts";

export interface Target {
  applicationId: string;
  endpointId: string;
  url: string;
  /** True: its deliveries stay parked. Deleted endpoints are disabled for good. */
  disabled: boolean;
  deleted: boolean;
  revision: number;
  failingSince: UnixMs | null;
  /** Delays after each failed attempt; null: the server's. */
  retryScheduleMs: number[] | null;
  /** Attempts per second at most; null: no limit. */
  throttleRate: number | null;
  /** Attempts per second at most of all its endpoints together; null: no limit. */
  applicationThrottleRate: number | null;
  /** Buckets of its endpoints, when it has a rate: the nodes that own them share it. */
  applicationBuckets: number[];
  /** Custom headers, with Basic auth and `accept` unless they are among them. */
  headers: Record<string, string>;
  /** Signing keys, current first; the others sign until they expire. */
  keys: { key: SigningKey; expiresAt: UnixMs | null }[];
  /** Why its sealed values could not be opened: nothing can be sent, headers and keys are empty. */
  sealBroken: Error | null;
}

// The buckets of an application are asked for once, and only when it has a rate.
const LOAD = statement(
  "load-targets",
  `WITH e AS (
     SELECT * FROM unnest($1::text[], $2::text[]) AS wanted(application_id, endpoint_id)
     JOIN endpoint USING (application_id, endpoint_id)
   ), a AS MATERIALIZED (
     SELECT application_id, throttle_rate, CASE WHEN throttle_rate IS NOT NULL THEN ARRAY(
         SELECT DISTINCT o.bucket FROM endpoint o
         WHERE o.application_id = application.application_id
           AND o.deleted_at IS NULL AND NOT o.disabled
       ) END AS buckets
     FROM (SELECT DISTINCT environment_id, application_id FROM e) named
     JOIN application USING (environment_id, application_id)
   )
   SELECT e.application_id, e.endpoint_id, e.url, e.disabled, e.deleted_at IS NOT NULL AS deleted,
     e.revision, e.failing_since, e.throttle_rate, e.retry_schedule_ms,
     e.headers, e.credentials, k.sealed, k.expires,
     a.throttle_rate AS application_rate, coalesce(a.buckets, '{}') AS application_buckets
   FROM e
   LEFT JOIN a USING (application_id)
   CROSS JOIN LATERAL (
     SELECT array_agg(s.sealed ORDER BY s.secret_number DESC) AS sealed,
       array_agg(extract(epoch FROM s.expires_at)::float8 * 1000 ORDER BY s.secret_number DESC) AS expires
     FROM endpoint_secret s
     WHERE s.application_id = e.application_id AND s.endpoint_id = e.endpoint_id
       AND (s.expires_at IS NULL OR s.expires_at > coalesce(to_timestamp($3::float8 / 1000), now()))
   ) k`,
);

interface TargetRow {
  [column: string]: unknown;
  application_id: string;
  endpoint_id: string;
  url: string;
  disabled: boolean;
  deleted: boolean;
  revision: number;
  failing_since: UnixMs | null;
  throttle_rate: number | null;
  retry_schedule_ms: number[] | null;
  application_rate: number | null;
  application_buckets: number[];
  headers: Buffer | null;
  credentials: Buffer | null;
  sealed: Buffer[] | null;
  expires: (number | null)[] | null;
}

/** Where a sealed value of an endpoint lives; authenticated with the value. */
export function endpointPlace(endpointId: string, field: string): string {
  return `endpoint/${endpointId}/${field}`;
}

function openKeys(storage: Storage, row: TargetRow): Target["keys"] {
  return (row.sealed ?? []).map((sealed, index) => {
    const place = endpointPlace(row.endpoint_id, "secret");
    const secret = parseSigningSecret(storage.vault.open(sealed, place));
    if (!secret.ok) throw new Error(`Secret of ${row.endpoint_id}: ${secret.message}`);
    return { key: secret.key, expiresAt: row.expires?.[index] ?? null };
  });
}

/** What an endpoint adds to its deliveries: custom headers, Basic auth, `accept`. */
export function openHeaders(
  storage: Storage,
  row: Pick<TargetRow, "endpoint_id" | "headers" | "credentials">,
): Record<string, string> {
  const headers: Record<string, string> = {};
  if (row.headers !== null) {
    const place = endpointPlace(row.endpoint_id, "headers");
    // Sealed by us from a validated map of strings.
    Object.assign(headers, JSON.parse(storage.vault.open(row.headers, place)) as object);
  }
  const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  if (!names.has("accept")) headers["accept"] = "*/*";
  if (row.credentials !== null && !names.has("authorization")) {
    const place = endpointPlace(row.endpoint_id, "credentials");
    // Sealed by us as {user, password}.
    const { user, password } = JSON.parse(storage.vault.open(row.credentials, place)) as {
      user: string;
      password: string;
    };
    headers["authorization"] = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  }
  return headers;
}

/** One endpoint that cannot be opened must not keep the others of the batch from being loaded. */
function openSealed(
  storage: Storage,
  row: TargetRow,
): Pick<Target, "headers" | "keys" | "sealBroken"> {
  try {
    return { headers: openHeaders(storage, row), keys: openKeys(storage, row), sealBroken: null };
  } catch (cause) {
    const sealBroken = new Error(`Endpoint ${row.endpoint_id} cannot be read.`, { cause });
    return { headers: {}, keys: [], sealBroken };
  }
}

/** Targets of the named endpoints; those that no longer exist are missing from the answer. */
export async function loadTargets(
  storage: Storage,
  endpoints: { applicationId: string; endpointId: string }[],
): Promise<Target[]> {
  const rows = await storage.query<TargetRow>(LOAD, [
    endpoints.map((endpoint) => endpoint.applicationId),
    endpoints.map((endpoint) => endpoint.endpointId),
    storage.now(),
  ]);
  return rows.map((row) => ({
    applicationId: row.application_id,
    endpointId: row.endpoint_id,
    url: row.url,
    disabled: row.disabled || row.deleted,
    deleted: row.deleted,
    revision: row.revision,
    failingSince: row.failing_since,
    throttleRate: row.throttle_rate,
    retryScheduleMs: row.retry_schedule_ms,
    applicationThrottleRate: row.application_rate,
    applicationBuckets: row.application_buckets,
    ...openSealed(storage, row),
  }));
}
