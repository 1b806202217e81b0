/** Reads and rotates the signing secret of an endpoint; old ones sign beside the new until they expire. */
import { tellOfEndpoint, type Telling } from "../operational/publish-endpoint-event.ts";
import { statement, type Storage } from "../storage.ts";
import type { EndpointKey } from "./endpoint.ts";
import { endpointPlace } from "./load-targets.ts";

/** Old secrets that may still sign beside the current one. */
export const OLD_SECRETS_MAX = 10;

const READ = statement(
  "read-endpoint-secret",
  `SELECT s.sealed FROM endpoint_secret s
   WHERE s.application_id = $1 AND s.endpoint_id = $2 AND s.expires_at IS NULL
   ORDER BY s.secret_number DESC LIMIT 1`,
);

/** @returns `whsec_…` or `whsk_…` as it was given or made; only what `verifyingKey` makes of it is for callers */
export async function readEndpointSecret(storage: Storage, key: EndpointKey): Promise<string> {
  const values = [key.applicationId, key.endpointId];
  const [row] = await storage.query<{ sealed: Buffer }>(READ, values);
  if (row === undefined) throw new Error(`The endpoint ${key.endpointId} has no secret.`);
  return storage.vault.open(row.sealed, endpointPlace(key.endpointId, "secret"));
}

const LOCK = statement(
  "lock-endpoint-for-rotation",
  `SELECT endpoint_id FROM endpoint
   WHERE application_id = $1 AND endpoint_id = $2 AND deleted_at IS NULL FOR UPDATE`,
);
const TOUCH = statement(
  "touch-rotated-endpoint",
  `UPDATE endpoint SET revision = revision + 1,
     updated_at = date_trunc('milliseconds', coalesce(to_timestamp($3::float8 / 1000), now()))
   WHERE application_id = $1 AND endpoint_id = $2`,
);
const COUNT_OLD = statement(
  "count-old-endpoint-secrets",
  `SELECT count(*)::int AS old FROM endpoint_secret
   WHERE application_id = $1 AND endpoint_id = $2
     AND expires_at > coalesce(to_timestamp($3::float8 / 1000), now())`,
);
// Long expired ones go as well, so that rotating for years keeps a handful of rows.
const RETIRE = statement(
  "retire-endpoint-secrets",
  `WITH gone AS (
     DELETE FROM endpoint_secret WHERE application_id = $1 AND endpoint_id = $2
       AND expires_at <= coalesce(to_timestamp($3::float8 / 1000), now())
   )
   UPDATE endpoint_secret SET expires_at =
     coalesce(to_timestamp($3::float8 / 1000), now()) + $4::int * interval '1 second'
   WHERE application_id = $1 AND endpoint_id = $2 AND expires_at IS NULL`,
);
const ADD = statement(
  "add-endpoint-secret",
  `INSERT INTO endpoint_secret (application_id, endpoint_id, secret_number, sealed, created_at)
   SELECT $1, $2, coalesce(max(secret_number), 0) + 1, $4,
     coalesce(to_timestamp($3::float8 / 1000), now())
   FROM endpoint_secret WHERE application_id = $1 AND endpoint_id = $2`,
);

export interface Rotation {
  /** `whsec_…` or `whsk_…` */
  secret: string;
  /** How long the secret until now still signs; 0: not at all. */
  gracePeriodSeconds: number;
}

export async function rotateEndpointSecret(
  storage: Storage,
  key: EndpointKey,
  { secret, gracePeriodSeconds }: Rotation,
  telling?: Telling,
): Promise<"done" | "missing" | "too_many_old"> {
  const sealed = storage.vault.seal(secret, endpointPlace(key.endpointId, "secret"));
  return await storage.transaction(async (queries) => {
    const values = [key.applicationId, key.endpointId, storage.now()];
    const locked = await queries.query(LOCK, [key.applicationId, key.endpointId]);
    if (locked.length === 0) return "missing";
    const [counted] = await queries.query<{ old: number }>(COUNT_OLD, values);
    const oldAfterwards = (counted?.old ?? 0) + (gracePeriodSeconds > 0 ? 1 : 0);
    if (oldAfterwards > OLD_SECRETS_MAX) return "too_many_old";
    await queries.query(RETIRE, [...values, gracePeriodSeconds]);
    await queries.query(ADD, [...values, sealed]);
    await queries.query(TOUCH, values);
    const told = { ...key, ...telling, types: ["endpoint.updated" as const] };
    await tellOfEndpoint(queries, { ...told, now: storage.now() });
    return "done";
  });
}
