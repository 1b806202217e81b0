/** Secrets that were rotated out and still sign: only until when, never what they are. */
import type { UnixMs } from "../../core/types.ts";
import { statement, type Storage } from "../storage.ts";
import type { EndpointKey } from "./endpoint.ts";

const LIST = statement(
  "list-old-endpoint-secrets",
  `SELECT created_at, expires_at FROM endpoint_secret
   WHERE application_id = $1 AND endpoint_id = $2
     AND expires_at > coalesce(to_timestamp($3::float8 / 1000), now())
   ORDER BY expires_at`,
);

export interface OldSecret {
  createdAt: UnixMs;
  expiresAt: UnixMs;
}

export async function listOldSecrets(storage: Storage, key: EndpointKey): Promise<OldSecret[]> {
  const values = [key.applicationId, key.endpointId, storage.now()];
  const rows = await storage.query<{ created_at: UnixMs; expires_at: UnixMs }>(LIST, values);
  return rows.map((row) => ({ createdAt: row.created_at, expiresAt: row.expires_at }));
}
