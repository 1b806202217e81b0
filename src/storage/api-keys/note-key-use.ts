/** Notes that an API key was used, for people to find those that nobody needs any more. */
import { statement, type Storage } from "../storage.ts";

// Many nodes may ask at once: the first of a minute writes.
const NOTE = statement(
  "note-key-use",
  `UPDATE api_key SET last_used_at = now()
   WHERE key_hash = $1 AND coalesce(last_used_at < now() - interval '1 minute', true)`,
);

export async function noteKeyUse(storage: Storage, keyHash: Buffer): Promise<void> {
  await storage.query(NOTE, [keyHash]);
}
