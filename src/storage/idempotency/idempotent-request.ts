/**
 * Remembers what a request with an idempotency key was answered, so that asking again does nothing
 * again. Messages do not come here: their key commits with the message (`insert-messages.ts`).
 *
 *   (none) ─begin─► running ─finish─► answered ─ pruned after the retention
 *                      ├─ release (it was refused) ─► (none)
 *                      └─ left by a crash: the next to ask takes it over after a minute
 */
import { proveDurable } from "../durability/prove-durable.ts";
import { statement, type Storage } from "../storage.ts";

export interface IdempotencyKey {
  environmentId: string;
  /** SHA-256 of operation and key. */
  keyHash: Buffer;
  /** SHA-256 of the whole request. */
  requestHash: Buffer;
}

export type IdempotencyState =
  /** This request is the first: do it, then `finish` or `release`. */
  | { kind: "begun" }
  | { kind: "answered"; status: number; body: string | null }
  | { kind: "running" }
  /** The key was used for another request. */
  | { kind: "mismatch" };

/** Longer than any request runs. */
const ABANDONED_SECONDS = 60;

const BEGIN = statement(
  "begin-idempotent-request",
  `INSERT INTO idempotency AS i (environment_id, key_hash, request_hash, created_at)
   VALUES ($1, $2, $3, coalesce(to_timestamp($4::float8 / 1000), now()))
   ON CONFLICT (environment_id, key_hash) DO UPDATE SET created_at = excluded.created_at
   WHERE i.status IS NULL AND i.resource_id IS NULL AND i.request_hash = excluded.request_hash
     AND i.created_at < excluded.created_at - $5 * interval '1 second'
   RETURNING i.key_hash`,
);
const FIND = statement(
  "find-idempotent-request",
  `SELECT request_hash = $3 AS same, resource_id, status, body FROM idempotency
   WHERE environment_id = $1 AND key_hash = $2`,
);

interface FoundRow {
  [column: string]: unknown;
  same: boolean;
  resource_id: string | null;
  status: number | null;
  body: string | null;
}

export async function beginIdempotentRequest(
  storage: Storage,
  key: IdempotencyKey,
): Promise<IdempotencyState> {
  const ids = [key.environmentId, key.keyHash, key.requestHash];
  const begun = await storage.query(BEGIN, [...ids, storage.now(), ABANDONED_SECONDS]);
  if (begun.length > 0) return { kind: "begun" };
  const [found] = await storage.query<FoundRow>(FIND, ids);
  // Released in between: the caller asks again.
  if (found === undefined) return { kind: "running" };
  if (!found.same || found.resource_id !== null) return { kind: "mismatch" };
  if (found.status === null) return { kind: "running" };
  await proveDurable(storage);
  return { kind: "answered", status: found.status, body: found.body };
}

const FINISH = statement(
  "finish-idempotent-request",
  `UPDATE idempotency SET status = $3, body = $4
   WHERE environment_id = $1 AND key_hash = $2 AND status IS NULL`,
);

/** @param body JSON text; null for an answer without one */
export async function finishIdempotentRequest(
  storage: Storage,
  key: IdempotencyKey,
  answer: { status: number; body: string | null },
): Promise<void> {
  await storage.query(FINISH, [key.environmentId, key.keyHash, answer.status, answer.body]);
}

const RELEASE = statement(
  "release-idempotent-request",
  "DELETE FROM idempotency WHERE environment_id = $1 AND key_hash = $2 AND status IS NULL",
);

/** The request was refused and did nothing: the key may be used again. */
export async function releaseIdempotentRequest(
  storage: Storage,
  key: IdempotencyKey,
): Promise<void> {
  await storage.query(RELEASE, [key.environmentId, key.keyHash]);
}
