/** Stores a new API key: its digest, never the key. */
import { statement, type Storage } from "../storage.ts";
import { type KeyRow, KEYS_MAX, type ListedKey, toListedKey } from "./list-api-keys.ts";

const CREATE = statement(
  "create-api-key",
  `INSERT INTO api_key (environment_id, key_id, key_hash, name, scope, hint)
   SELECT $1, $2, $3, $4, $5, $6
   WHERE (SELECT count(*) FROM api_key WHERE environment_id = $1 AND revoked_at IS NULL) < $7
   RETURNING key_id, name, scope, hint, created_at, last_used_at`,
);

export interface NewKey {
  environmentId: string;
  keyId: string;
  keyHash: Buffer;
  name: string;
  scope: "full" | "read";
  hint: string;
}

/** @returns undefined when the environment has as many keys as it may */
export async function createApiKey(storage: Storage, key: NewKey): Promise<ListedKey | undefined> {
  const { environmentId, keyId, keyHash, name, scope, hint } = key;
  const values = [environmentId, keyId, keyHash, name, scope, hint, KEYS_MAX];
  const [row] = await storage.query<KeyRow>(CREATE, values);
  return row && toListedKey(row);
}
