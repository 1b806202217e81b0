/** A page of the attempts of a message, by id, which is by time. Those of an endpoint: `log/walk-attempts`. */
import { directedStatement, inDirection, type KeyRange } from "../key-range.ts";
import type { Storage } from "../storage.ts";
import {
  type Attempt,
  ATTEMPT_JOINS,
  attemptColumns,
  type AttemptRow,
  type AttemptStatus,
  toAttempt,
} from "./attempt.ts";

export interface AttemptFilter {
  /** Any of these; null: all. */
  statuses: AttemptStatus[] | null;
  /** 0, 100, 200 … 500: the first of a hundred HTTP statuses. */
  statusCodeClass: number | null;
  channel: string | null;
  tag: string | null;
  eventTypes: string[] | null;
  endpointId: string | null;
  messageId: string;
}

const LIST = directedStatement(
  "list-attempts-of-message",
  (direction) =>
    `SELECT ${attemptColumns("$6::boolean")} FROM attempt a ${ATTEMPT_JOINS}
     WHERE a.application_id = $1 AND a.message_id = $2
       AND a.attempt_id > $3 AND a.attempt_id < $4
       AND ($7::text[] IS NULL OR CASE WHEN a.succeeded THEN 'success'
         WHEN d.due_at IS NOT NULL THEN 'sending'
         WHEN a.error_code = 'payload_gone' THEN 'canceled' ELSE 'fail' END = ANY ($7))
       AND ($8::int IS NULL OR a.response_status BETWEEN $8 AND $8 + 99)
       AND ($9::text IS NULL OR $9 = ANY (a.channels))
       AND ($10::text IS NULL OR $10 = ANY (m.tags))
       AND ($11::text[] IS NULL OR a.event_type = ANY ($11))
       AND ($12::text IS NULL OR a.endpoint_id = $12)
     ORDER BY a.attempt_id ${direction} LIMIT $5`,
);

export interface AttemptList extends AttemptFilter {
  applicationId: string;
  withContent: boolean;
}

export async function listAttempts(
  storage: Storage,
  wanted: AttemptList,
  range: KeyRange,
): Promise<Attempt[]> {
  const rows = await storage.query<AttemptRow>(inDirection(LIST, range), [
    wanted.applicationId,
    wanted.messageId,
    range.lower,
    range.upper,
    range.limit,
    wanted.withContent,
    wanted.statuses,
    wanted.statusCodeClass,
    wanted.channel,
    wanted.tag,
    wanted.eventTypes,
    wanted.endpointId,
  ]);
  return rows.map(toAttempt);
}
