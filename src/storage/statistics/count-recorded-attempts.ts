/**
 * Counts what was recorded since the last time, for a batch of endpoints: their counters by minute and
 * hour, their failures by cause, and how far they are counted change in one statement. Each endpoint is
 * counted under the epoch of its bucket and its position is locked meanwhile, so that an attempt is
 * counted once, whatever dies or is repeated.
 */
import { DURATION_BOUNDS_MS, DURATION_CLASSES } from "../../core/durations.ts";
import { firstIdAt } from "../../core/ids.ts";
import type { UnixMs } from "../../core/types.ts";
import { statement, type Storage } from "../storage.ts";
import { CAUSE } from "./cause.ts";

/** Minutes are for the last hours only. */
export const MINUTES_KEPT_MS = 3 * 3_600_000;
/** Attempts counted per endpoint and statement. */
export const COUNTED_MAX = 2_000;

export interface CountedEndpoint {
  applicationId: string;
  endpointId: string;
  bucket: number;
  epoch: number;
}

export const DURATION_CLASS = `width_bucket(duration_ms, '{${DURATION_BOUNDS_MS.join(",")}}'::int[])`;
const CLASSES = Array.from({ length: DURATION_CLASSES }, (_, index) => index);
const COUNTS = CLASSES.map(
  (n) => `coalesce(sum(attempts) FILTER (WHERE duration_class = ${n}), 0)::int`,
).join(", ");
const ADDED = CLASSES.map((n) => `c.durations[${n + 1}] + excluded.durations[${n + 1}]`).join(", ");

const PREPARE = statement(
  "prepare-attempt-counts",
  `INSERT INTO attempt_count_position (application_id, endpoint_id, counted_to)
   SELECT application_id, endpoint_id, '' FROM unnest($1::text[], $2::text[])
     AS k(application_id, endpoint_id)
   ORDER BY application_id, endpoint_id ON CONFLICT DO NOTHING`,
);

// An issue that was resolved is open again once an attempt that began later fails.
const COUNT = statement(
  "count-recorded-attempts",
  `WITH asked AS (
     SELECT k.application_id, k.endpoint_id
     FROM unnest($1::text[], $2::text[], $3::smallint[], $4::bigint[])
       AS k(application_id, endpoint_id, bucket, epoch)
     JOIN bucket_lease l ON l.kind = 'delivery' AND l.bucket = k.bucket AND l.epoch = k.epoch
   ),
   reached AS (
     SELECT p.application_id, p.endpoint_id, p.counted_to
     FROM attempt_count_position p JOIN asked USING (application_id, endpoint_id)
     ORDER BY p.application_id, p.endpoint_id FOR UPDATE OF p
   ),
   seen AS (
     SELECT r.application_id, r.endpoint_id, a.attempt_id, a.message_id, a.succeeded, a.attempted_at,
       a.error_message, a.duration_class, a.cause
     FROM reached r CROSS JOIN LATERAL (
       SELECT attempt_id, message_id, succeeded, attempted_at, error_message,
         ${DURATION_CLASS} AS duration_class, ${CAUSE} AS cause
       FROM attempt
       WHERE application_id = r.application_id AND endpoint_id = r.endpoint_id
         AND attempt_id > r.counted_to AND attempt_id < $5
       ORDER BY attempt_id LIMIT $6) a
   ),
   alike AS (
     SELECT application_id, endpoint_id, date_bin('1 minute', attempted_at, 'epoch') AS minute,
       duration_class, count(*) AS attempts, count(*) FILTER (WHERE succeeded) AS successes
     FROM seen GROUP BY application_id, endpoint_id, minute, duration_class
   ),
   counted AS (
     INSERT INTO attempt_count AS c (application_id, endpoint_id, seconds, starts_at, attempts,
       successes, durations)
     SELECT application_id, endpoint_id, seconds,
       date_bin(seconds * interval '1 second', minute, 'epoch') AS starts_at,
       sum(attempts), sum(successes), ARRAY[${COUNTS}]
     FROM alike CROSS JOIN (VALUES (60::smallint), (3600::smallint)) AS p(seconds)
     WHERE seconds = 3600 OR minute > to_timestamp($7::float8 / 1000)
     GROUP BY application_id, endpoint_id, seconds, starts_at
     ON CONFLICT (application_id, endpoint_id, seconds, starts_at) DO UPDATE
     SET attempts = c.attempts + excluded.attempts, successes = c.successes + excluded.successes,
       durations = ARRAY[${ADDED}]
   ),
   failed AS (
     SELECT application_id, endpoint_id, cause, count(*) AS attempts,
       min(attempted_at) AS first_seen_at, max(attempted_at) AS last_seen_at,
       max(attempt_id) AS last_attempt_id,
       (array_agg(message_id ORDER BY attempt_id DESC))[1] AS last_message_id,
       (array_agg(error_message ORDER BY attempt_id DESC))[1] AS last_error
     FROM seen WHERE NOT succeeded AND cause <> 'payload_gone'
     GROUP BY application_id, endpoint_id, cause
   ),
   grouped AS (
     INSERT INTO issue AS i (application_id, issue_id, endpoint_id, cause, first_seen_at, opened_at,
       last_seen_at, attempts, last_attempt_id, last_message_id, last_error)
     SELECT application_id,
       'iss_' || left(encode(sha256(convert_to(endpoint_id || ' ' || cause, 'UTF8')), 'hex'), 27),
       endpoint_id, cause, first_seen_at, first_seen_at, last_seen_at, attempts, last_attempt_id,
       last_message_id, last_error
     FROM failed
     ON CONFLICT (application_id, endpoint_id, cause) DO UPDATE
     SET state = CASE WHEN i.state = 'resolved' AND excluded.last_seen_at > i.state_changed_at
         THEN 'open' ELSE i.state END,
       reopened = i.reopened
         + (i.state = 'resolved' AND excluded.last_seen_at > i.state_changed_at)::int,
       opened_at = CASE WHEN i.state = 'resolved' AND excluded.last_seen_at > i.state_changed_at
         THEN greatest(excluded.first_seen_at, i.state_changed_at) ELSE i.opened_at END,
       first_seen_at = least(i.first_seen_at, excluded.first_seen_at),
       last_seen_at = greatest(i.last_seen_at, excluded.last_seen_at),
       attempts = i.attempts + excluded.attempts, last_attempt_id = excluded.last_attempt_id,
       last_message_id = excluded.last_message_id, last_error = excluded.last_error
   ),
   gone AS (
     SELECT application_id, endpoint_id, max(attempt_id) AS counted_to, count(*)::int AS attempts
     FROM seen GROUP BY application_id, endpoint_id
   )
   UPDATE attempt_count_position p SET counted_to = gone.counted_to
   FROM gone WHERE p.application_id = gone.application_id AND p.endpoint_id = gone.endpoint_id
   RETURNING p.endpoint_id, gone.attempts`,
);

export interface CountUpTo {
  /** Attempts that ended before are all committed. */
  before: UnixMs;
  now: UnixMs;
}

/** @returns those of the endpoints that have more to be counted at once */
export async function countRecordedAttempts<E extends CountedEndpoint>(
  storage: Storage,
  endpoints: readonly E[],
  { before, now }: CountUpTo,
): Promise<E[]> {
  const keys = [endpoints.map((e) => e.applicationId), endpoints.map((e) => e.endpointId)];
  await storage.query(PREPARE, keys);
  const rows = await storage.query<{ endpoint_id: string; attempts: number }>(COUNT, [
    ...keys,
    endpoints.map((e) => e.bucket),
    endpoints.map((e) => e.epoch),
    firstIdAt("atmpt_", before),
    COUNTED_MAX,
    now - MINUTES_KEPT_MS,
  ]);
  const full = new Set(
    rows.filter((row) => row.attempts === COUNTED_MAX).map((r) => r.endpoint_id),
  );
  return endpoints.filter(({ endpointId }) => full.has(endpointId));
}
