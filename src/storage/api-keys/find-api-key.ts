/** Finds an API key by its digest, with the environment it opens. */
import type { EnvironmentMode } from "../../core/types.ts";
import { statement, type Storage } from "../storage.ts";

export interface ApiKey {
  environmentId: string;
  mode: EnvironmentMode;
  defaultApplicationId: string;
  scope: "full" | "read";
  /** Prefix and last four characters. */
  hint: string;
  keyId: string;
  /** Its use was not noted for a minute. */
  stale: boolean;
}

const FIND = statement(
  "find-api-key",
  `SELECT k.environment_id, e.mode, e.default_application_id, k.scope, k.hint, k.key_id,
     coalesce(k.last_used_at < now() - interval '1 minute', true) AS stale
   FROM api_key k JOIN environment e USING (environment_id)
   WHERE k.key_hash = $1 AND k.revoked_at IS NULL`,
);

interface KeyRow {
  [column: string]: unknown;
  environment_id: string;
  mode: EnvironmentMode;
  default_application_id: string;
  scope: "full" | "read";
  hint: string;
  key_id: string;
  stale: boolean;
}

/** @param keyHash SHA-256 of the key; @returns undefined for an unknown or revoked key */
export async function findApiKey(storage: Storage, keyHash: Buffer): Promise<ApiKey | undefined> {
  const [row] = await storage.query<KeyRow>(FIND, [keyHash]);
  if (row === undefined) return undefined;
  return {
    environmentId: row.environment_id,
    mode: row.mode,
    defaultApplicationId: row.default_application_id,
    scope: row.scope,
    hint: row.hint,
    keyId: row.key_id,
    stale: row.stale,
  };
}
