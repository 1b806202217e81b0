/** Transactions under way, by their numbers: those before `oldest` have ended, those from `next` on have not begun. */
import { statement, type Storage } from "../storage.ts";

const READ = statement(
  "read-open-writes",
  `SELECT pg_snapshot_xmin(s)::text AS oldest, pg_snapshot_xmax(s)::text AS next
   FROM pg_current_snapshot() AS s`,
);

export interface OpenWrites {
  oldest: bigint;
  next: bigint;
}

export async function readOpenWrites(storage: Storage): Promise<OpenWrites> {
  const [row] = await storage.query<{ oldest: string; next: string }>(READ, []);
  if (row === undefined) throw new Error("PostgreSQL did not tell its snapshot.");
  return { oldest: BigInt(row.oldest), next: BigInt(row.next) };
}
