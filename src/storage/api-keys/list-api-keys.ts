/** The API keys of an environment that open it, oldest first. There are never more than a page. */
import type { UnixMs } from "../../core/types.ts";
import { statement, type Storage } from "../storage.ts";

/** In one environment. */
export const KEYS_MAX = 250;
/** Of a key that the operator set; made and revoked at the start. */
export const PRESET_NAME = "preset";

export interface ListedKey {
  keyId: string;
  name: string;
  scope: "full" | "read";
  /** Prefix and last four characters. */
  hint: string;
  /** Set by the operator's configuration, which brings it back at each start. */
  preset: boolean;
  createdAt: UnixMs;
  lastUsedAt: UnixMs | null;
}

const LIST = statement(
  "list-api-keys",
  `SELECT key_id, name, scope, hint, created_at, last_used_at FROM api_key
   WHERE environment_id = $1 AND revoked_at IS NULL
   ORDER BY created_at, key_id LIMIT $2`,
);

export interface KeyRow {
  [column: string]: unknown;
  key_id: string;
  name: string;
  scope: "full" | "read";
  hint: string;
  created_at: UnixMs;
  last_used_at: UnixMs | null;
}

export function toListedKey(row: KeyRow): ListedKey {
  const { name, scope, hint } = row;
  return {
    keyId: row.key_id,
    name,
    scope,
    hint,
    preset: name === PRESET_NAME,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
  };
}

export async function listApiKeys(storage: Storage, environmentId: string): Promise<ListedKey[]> {
  // What older programs added beyond the limit is shown too, as far as it can be.
  const rows = await storage.query<KeyRow>(LIST, [environmentId, 2 * KEYS_MAX]);
  return rows.map(toListedKey);
}
