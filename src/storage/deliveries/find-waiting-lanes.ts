/**
 * Which endpoints of a set of buckets have deliveries waiting, and when the first is due: one index
 * probe per endpoint (a loose index scan), whatever the number of rows behind it.
 */
import { statement, type Storage } from "../storage.ts";

export interface WaitingLane {
  bucket: number;
  endpointId: string;
  /** Milliseconds until its first delivery is due; 0 or less: due now. */
  dueInMs: number;
}

/** Where the search of a bucket goes on: after this endpoint id; empty: from its start. */
export interface BucketCursor {
  bucket: number;
  afterEndpointId: string;
}

/** Endpoints visited per bucket in one call, so that no call grows with the number of endpoints. */
export const LANES_PER_BUCKET_MAX = 200;

const FIND = statement(
  "find-waiting-lanes",
  `WITH RECURSIVE lane AS (
     SELECT b.bucket, d.endpoint_id, d.due_at, 1 AS depth
     FROM unnest($1::smallint[], $2::text[]) AS b(bucket, after_endpoint_id)
     CROSS JOIN LATERAL (
       SELECT endpoint_id, due_at FROM delivery
       WHERE bucket = b.bucket AND endpoint_id > b.after_endpoint_id
       ORDER BY endpoint_id, due_at LIMIT 1
     ) d
     UNION ALL
     SELECT l.bucket, d.endpoint_id, d.due_at, l.depth + 1
     FROM lane l
     CROSS JOIN LATERAL (
       SELECT endpoint_id, due_at FROM delivery
       WHERE bucket = l.bucket AND endpoint_id > l.endpoint_id
       ORDER BY endpoint_id, due_at LIMIT 1
     ) d
     WHERE l.depth < $3
   )
   SELECT bucket, endpoint_id,
     extract(epoch FROM due_at - coalesce(to_timestamp($4::float8 / 1000), now()))::float8 * 1000 AS due_in_ms
   FROM lane`,
);

interface LaneRow {
  [column: string]: unknown;
  bucket: number;
  endpoint_id: string;
  due_in_ms: number;
}

/** Waiting lanes after the cursors, and the cursors to go on from (empty again when a bucket is through). */
export async function findWaitingLanes(
  storage: Storage,
  cursors: BucketCursor[],
): Promise<{ lanes: WaitingLane[]; next: BucketCursor[] }> {
  const rows = await storage.query<LaneRow>(FIND, [
    cursors.map((cursor) => cursor.bucket),
    cursors.map((cursor) => cursor.afterEndpointId),
    LANES_PER_BUCKET_MAX,
    storage.now(),
  ]);
  const counts = new Map<number, { count: number; last: string }>();
  for (const row of rows) {
    const seen = counts.get(row.bucket);
    const count = (seen?.count ?? 0) + 1;
    const last = seen !== undefined && seen.last > row.endpoint_id ? seen.last : row.endpoint_id;
    counts.set(row.bucket, { count, last });
  }
  return {
    lanes: rows.map((row) => ({
      bucket: row.bucket,
      endpointId: row.endpoint_id,
      dueInMs: row.due_in_ms,
    })),
    next: cursors.map(({ bucket }) => {
      const seen = counts.get(bucket);
      const more = seen !== undefined && seen.count >= LANES_PER_BUCKET_MAX;
      return { bucket, afterEndpointId: more ? seen.last : "" };
    }),
  };
}
