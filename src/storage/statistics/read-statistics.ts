/**
 * Counters of endpoints over a span of time, per period, exact to the last commit: what is not counted
 * yet is added from the attempts themselves, up to a bound.
 */
import { DURATION_CLASSES } from "../../core/durations.ts";
import type { UnixMs } from "../../core/types.ts";
import { statement, type Storage } from "../storage.ts";
import { DURATION_CLASS } from "./count-recorded-attempts.ts";

/** Attempts added per endpoint; more are only left uncounted right after an update or an outage. */
export const UNCOUNTED_MAX = 2_000;

const CLASSES = Array.from({ length: DURATION_CLASSES }, (_, index) => index);
const TAIL_COUNTS = CLASSES.map((n) => `count(*) FILTER (WHERE duration_class = ${n})`).join(", ");
const SUMS = CLASSES.map((n) => `sum(durations[${n + 1}])::int`).join(", ");

const READ = statement(
  "read-statistics",
  `WITH tail AS (
     SELECT w.endpoint_id, a.succeeded, a.attempted_at, a.duration_class
     FROM unnest($2::text[]) AS w(endpoint_id)
     LEFT JOIN attempt_count_position p
       ON p.application_id = $1 AND p.endpoint_id = w.endpoint_id
     CROSS JOIN LATERAL (
       SELECT succeeded, attempted_at, ${DURATION_CLASS} AS duration_class FROM attempt
       WHERE application_id = $1 AND endpoint_id = w.endpoint_id
         AND attempt_id > coalesce(p.counted_to, '')
       ORDER BY attempt_id LIMIT ${UNCOUNTED_MAX}) a
   ),
   part AS (
     SELECT endpoint_id, date_bin($4::int * interval '1 second', starts_at, 'epoch') AS period,
       attempts, successes, durations
     FROM attempt_count
     WHERE application_id = $1 AND endpoint_id = ANY ($2) AND seconds = $3
       AND starts_at >= to_timestamp($5::float8 / 1000) AND starts_at < to_timestamp($6::float8 / 1000)
     UNION ALL
     SELECT endpoint_id, date_bin($4::int * interval '1 second', attempted_at, 'epoch') AS period,
       count(*), count(*) FILTER (WHERE succeeded), ARRAY[${TAIL_COUNTS}]
     FROM tail
     WHERE attempted_at >= to_timestamp($5::float8 / 1000)
       AND attempted_at < to_timestamp($6::float8 / 1000)
     GROUP BY endpoint_id, period
   )
   SELECT endpoint_id, period, sum(attempts)::int AS attempts, sum(successes)::int AS successes,
     ARRAY[${SUMS}] AS durations
   FROM part GROUP BY endpoint_id, period ORDER BY period`,
);

export interface StatisticsSpan {
  /** Both on borders of a period. */
  since: UnixMs;
  until: UnixMs;
  /** Length of a period. */
  periodSeconds: number;
  /** Which counters. */
  seconds: 60 | 3600;
}

export interface Counts {
  attempts: number;
  successes: number;
  /** Per class of `core/durations.ts`. */
  durations: number[];
}

export interface PeriodCounts extends Counts {
  endpointId: string;
  period: UnixMs;
}

interface CountsRow extends Counts {
  [column: string]: unknown;
  endpoint_id: string;
  period: UnixMs;
}

/** Periods without attempts have no row. */
export async function readStatistics(
  storage: Storage,
  { applicationId, endpointIds }: { applicationId: string; endpointIds: string[] },
  span: StatisticsSpan,
): Promise<PeriodCounts[]> {
  const rows = await storage.query<CountsRow>(READ, [
    applicationId,
    endpointIds,
    span.seconds,
    span.periodSeconds,
    span.since,
    span.until,
  ]);
  return rows.map(({ endpoint_id: endpointId, period, attempts, successes, durations }) => ({
    endpointId,
    period,
    attempts,
    successes,
    durations,
  }));
}
