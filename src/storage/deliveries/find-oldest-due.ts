/**
 * How long the most overdue delivery has been due, per bucket and state of its endpoint's oldest one:
 * one index probe per endpoint, whatever the number of rows behind it, a bounded number per call.
 */
import { statement, type Storage } from "../storage.ts";
import type { BucketCursor } from "./find-waiting-lanes.ts";

/** waiting: never tried. backed_off: tried and failed. parked: the endpoint is disabled. */
export const BACKLOG_STATES = ["waiting", "backed_off", "parked"] as const;
export type BacklogState = (typeof BACKLOG_STATES)[number];

export interface OldestDue {
  bucket: number;
  state: BacklogState;
  /** Endpoints in this state, of those looked at. */
  endpoints: number;
  /** Below zero: none of them is due yet. */
  overdueMs: number;
}

/** Endpoints visited per bucket in one call, which bounds its cost whatever the backlog. */
export const ENDPOINTS_PER_BUCKET_MAX = 256;

const FIND = statement(
  "find-oldest-due",
  `WITH RECURSIVE lane AS (
     SELECT b.bucket, d.application_id, d.endpoint_id, d.due_at, d.attempts, 1 AS depth
     FROM unnest($1::smallint[], $2::text[]) AS b(bucket, after_endpoint_id)
     CROSS JOIN LATERAL (
       SELECT application_id, endpoint_id, due_at, attempts FROM delivery
       WHERE bucket = b.bucket AND endpoint_id > b.after_endpoint_id
       ORDER BY endpoint_id, due_at LIMIT 1
     ) d
     UNION ALL
     SELECT l.bucket, d.application_id, d.endpoint_id, d.due_at, d.attempts, l.depth + 1
     FROM lane l
     CROSS JOIN LATERAL (
       SELECT application_id, endpoint_id, due_at, attempts FROM delivery
       WHERE bucket = l.bucket AND endpoint_id > l.endpoint_id
       ORDER BY endpoint_id, due_at LIMIT 1
     ) d
     WHERE l.depth < $3
   ),
   standing AS (
     SELECT lane.*, CASE WHEN e.disabled OR e.deleted_at IS NOT NULL THEN 'parked'
       WHEN lane.attempts > 0 THEN 'backed_off' ELSE 'waiting' END AS state
     FROM lane JOIN endpoint e
       ON e.application_id = lane.application_id AND e.endpoint_id = lane.endpoint_id
   )
   SELECT bucket, state, count(*)::int AS endpoints, max(endpoint_id) AS last_endpoint_id,
     extract(epoch FROM coalesce(to_timestamp($4::float8 / 1000), now()) - min(due_at))::float8
       * 1000 AS overdue_ms
   FROM standing GROUP BY bucket, state`,
);

interface OldestRow {
  [column: string]: unknown;
  bucket: number;
  state: BacklogState;
  endpoints: number;
  last_endpoint_id: string;
  overdue_ms: number;
}

/** What waits after the cursors, and the cursors to go on from (empty when a bucket is through). */
export async function findOldestDue(
  storage: Storage,
  cursors: BucketCursor[],
): Promise<{ oldest: OldestDue[]; next: BucketCursor[] }> {
  const rows = await storage.query<OldestRow>(FIND, [
    cursors.map((cursor) => cursor.bucket),
    cursors.map((cursor) => cursor.afterEndpointId),
    ENDPOINTS_PER_BUCKET_MAX,
    storage.now(),
  ]);
  const visited = new Map<number, { endpoints: number; last: string }>();
  for (const { bucket, endpoints, last_endpoint_id: last } of rows) {
    const seen = visited.get(bucket) ?? { endpoints: 0, last: "" };
    seen.endpoints += endpoints;
    if (last > seen.last) seen.last = last;
    visited.set(bucket, seen);
  }
  return {
    oldest: rows.map(({ bucket, state, endpoints, overdue_ms: overdueMs }) => ({
      bucket,
      state,
      endpoints,
      overdueMs,
    })),
    next: cursors.map(({ bucket }) => {
      const seen = visited.get(bucket);
      const more = seen !== undefined && seen.endpoints >= ENDPOINTS_PER_BUCKET_MAX;
      return { bucket, afterEndpointId: more ? seen.last : "" };
    }),
  };
}
