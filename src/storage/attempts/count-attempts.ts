/** Counts an endpoint's attempts by how they ended, a bounded number of rows per statement. */
import { statement, type Storage } from "../storage.ts";

const ROWS_MAX = 50_000;

// Sending, as everywhere: a delivery still waits for just the moment that the attempt named.
const COUNT = statement(
  "count-attempts",
  `WITH page AS (
     SELECT attempt_id, message_id, trigger, succeeded, next_attempt_at, error_code
     FROM attempt
     WHERE application_id = $1 AND endpoint_id = $2 AND attempt_id > $3 AND attempt_id < $4
     ORDER BY attempt_id LIMIT $5
   ),
   judged AS (
     SELECT attempt_id, succeeded, error_code, CASE WHEN succeeded OR next_attempt_at IS NULL THEN false
       ELSE EXISTS (SELECT 1 FROM delivery d WHERE d.application_id = $1 AND d.endpoint_id = $2
         AND d.message_id = page.message_id AND d.trigger = page.trigger
         AND d.due_at = page.next_attempt_at) END AS waits
     FROM page
   )
   SELECT count(*)::int AS seen, count(*) FILTER (WHERE succeeded)::int AS success,
     count(*) FILTER (WHERE waits)::int AS sending,
     count(*) FILTER (WHERE error_code = 'payload_gone')::int AS canceled, max(attempt_id) AS last
   FROM judged`,
);

interface CountRow {
  [column: string]: unknown;
  seen: number;
  success: number;
  sending: number;
  canceled: number;
  last: string | null;
}

export interface AttemptCounts {
  success: number;
  sending: number;
  fail: number;
  canceled: number;
}

/** @param range attempt ids, both ends exclusive */
export async function countAttempts(
  storage: Storage,
  endpoint: { applicationId: string; endpointId: string },
  range: { lower: string; upper: string },
): Promise<AttemptCounts> {
  const counts = { success: 0, sending: 0, fail: 0, canceled: 0 };
  let { lower } = range;
  for (;;) {
    const values = [endpoint.applicationId, endpoint.endpointId, lower, range.upper, ROWS_MAX];
    const [row] = await storage.query<CountRow>(COUNT, values);
    if (row === undefined || row.last === null) return counts;
    counts.success += row.success;
    counts.sending += row.sending;
    counts.canceled += row.canceled;
    counts.fail += row.seen - row.success - row.sending - row.canceled;
    if (row.seen < ROWS_MAX) return counts;
    lower = row.last;
  }
}
