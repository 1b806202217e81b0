/** About how much waits, from PostgreSQL's own statistics: counting would read all of it. */
import { statement, type Storage } from "../storage.ts";

const ESTIMATE = statement(
  "estimate-waiting",
  `SELECT pg_stat_get_live_tuples('delivery'::regclass)::float8 AS rows,
     pg_total_relation_size('delivery'::regclass)::float8 AS bytes,
     pg_database_size(current_database())::float8 AS database_bytes`,
);

export interface WaitingEstimate {
  rows: number;
  /** Of the table with its indexes. */
  bytes: number;
  databaseBytes: number;
}

export async function estimateWaiting(storage: Storage): Promise<WaitingEstimate> {
  const [row] = await storage.query<{ rows: number; bytes: number; database_bytes: number }>(
    ESTIMATE,
    [],
  );
  return {
    rows: row?.rows ?? 0,
    bytes: row?.bytes ?? 0,
    databaseBytes: row?.database_bytes ?? 0,
  };
}
