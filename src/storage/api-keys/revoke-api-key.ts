/** Ends an API key. Its row stays, so that it is known that it was one. */
import { statement, type Storage } from "../storage.ts";

const REVOKE = statement(
  "revoke-api-key",
  `UPDATE api_key SET revoked_at = now()
   WHERE environment_id = $1 AND key_id = $2 AND revoked_at IS NULL RETURNING key_id`,
);

/** @returns whether there was such a key */
export async function revokeApiKey(
  storage: Storage,
  { environmentId, keyId }: { environmentId: string; keyId: string },
): Promise<boolean> {
  return (await storage.query(REVOKE, [environmentId, keyId])).length > 0;
}
