/** How one message stands with one endpoint, out of its attempts and what is still owed. */
import type { UnixMs } from "../../core/types.ts";
import type { AttemptStatus } from "./attempt.ts";

export interface Progress {
  /** Success: any attempt ever succeeded. Sending: it did not, and a next try waits. */
  status: AttemptStatus;
  nextAttemptAt: UnixMs | null;
}

/** Text of a lateral subquery; the arguments are SQL expressions of the outer query. */
export function progressOf(applicationId: string, endpointId: string, messageId: string): string {
  return `SELECT CASE WHEN bool_or(a.succeeded) THEN 'success'
      WHEN owed.due_at IS NOT NULL THEN 'sending'
      WHEN bool_or(a.error_code = 'payload_gone') THEN 'canceled'
      WHEN count(a.attempt_id) > 0 THEN 'fail' END AS status, owed.due_at AS next_attempt_at
    FROM (
      SELECT min(d.due_at) AS due_at FROM delivery d
      WHERE d.application_id = ${applicationId} AND d.endpoint_id = ${endpointId}
        AND d.message_id = ${messageId}
    ) owed
    LEFT JOIN attempt a ON a.application_id = ${applicationId} AND a.message_id = ${messageId}
      AND a.endpoint_id = ${endpointId}
    GROUP BY owed.due_at`;
}

export interface ProgressRow {
  [column: string]: unknown;
  /** Null when the message has nothing to do with the endpoint. */
  status: Progress["status"];
  next_attempt_at: UnixMs | null;
}

export function toProgress(row: ProgressRow): Progress {
  return { status: row.status, nextAttemptAt: row.next_attempt_at };
}
