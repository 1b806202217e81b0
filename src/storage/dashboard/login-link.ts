/** Links that log in to the dashboard once: only their digest is here, and using one removes it. */
import { statement, type Storage } from "../storage.ts";

const ADD = statement(
  "add-login-link",
  `INSERT INTO login_link (token_hash, expires_at)
   VALUES ($1, coalesce(to_timestamp($3::float8 / 1000), now()) + $2::int * interval '1 second')`,
);

/** @param tokenHash SHA-256 of the token */
export async function addLoginLink(
  storage: Storage,
  tokenHash: Buffer,
  lifetimeSeconds: number,
): Promise<void> {
  await storage.query(ADD, [tokenHash, lifetimeSeconds, storage.now()]);
}

const TAKE = statement(
  "take-login-link",
  `DELETE FROM login_link WHERE token_hash = $1
   RETURNING expires_at > coalesce(to_timestamp($2::float8 / 1000), now()) AS valid`,
);

/** @returns whether there was one: it is used up now */
export async function takeLoginLink(storage: Storage, tokenHash: Buffer): Promise<boolean> {
  const [row] = await storage.query<{ valid: boolean }>(TAKE, [tokenHash, storage.now()]);
  return row?.valid === true;
}
