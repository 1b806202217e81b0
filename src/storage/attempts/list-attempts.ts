/** A page of the attempts of an endpoint or of a message, by id, which is by time. */
import { directedStatement, inDirection, type KeyRange } from "../key-range.ts";
import type { Storage } from "../storage.ts";
import {
  type Attempt,
  ATTEMPT_JOINS,
  attemptColumns,
  type AttemptRow,
  toAttempt,
} from "./attempt.ts";

/** Canceled: it came to its turn without a payload, and was not sent. */
export type AttemptStatus = "success" | "sending" | "fail" | "canceled";

export interface AttemptFilter {
  /** Any of these; null: all. */
  statuses: AttemptStatus[] | null;
  /** 0, 100, 200 … 500: the first of a hundred HTTP statuses. */
  statusCodeClass: number | null;
  channel: string | null;
  tag: string | null;
  eventTypes: string[] | null;
  endpointId: string | null;
  messageId: string | null;
}

// One text for each of the two indexes; the rest filters what the index gives.
const list = (name: string, key: string): ReturnType<typeof directedStatement> =>
  directedStatement(
    name,
    (direction) =>
      `SELECT ${attemptColumns("$6::boolean")} FROM attempt a ${ATTEMPT_JOINS}
       WHERE a.application_id = $1 AND a.${key} = $2
         AND a.attempt_id > $3 AND a.attempt_id < $4
         AND ($7::text[] IS NULL OR CASE WHEN a.succeeded THEN 'success'
           WHEN d.due_at IS NOT NULL THEN 'sending'
           WHEN a.error_code = 'payload_gone' THEN 'canceled' ELSE 'fail' END = ANY ($7))
         AND ($8::int IS NULL OR a.response_status BETWEEN $8 AND $8 + 99)
         AND ($9::text IS NULL OR $9 = ANY (a.channels))
         AND ($10::text IS NULL OR $10 = ANY (m.tags))
         AND ($11::text[] IS NULL OR a.event_type = ANY ($11))
         AND ($12::text IS NULL OR a.endpoint_id = $12)
         AND ($13::text IS NULL OR a.message_id = $13)
       ORDER BY a.attempt_id ${direction} LIMIT $5`,
  );
const OF_ENDPOINT = list("list-attempts-of-endpoint", "endpoint_id");
const OF_MESSAGE = list("list-attempts-of-message", "message_id");

export interface AttemptList extends AttemptFilter {
  applicationId: string;
  withContent: boolean;
}

/** Attempts of `messageId` when it is given, otherwise of `endpointId`. */
export async function listAttempts(
  storage: Storage,
  wanted: AttemptList,
  range: KeyRange,
): Promise<Attempt[]> {
  const declared = wanted.messageId === null ? OF_ENDPOINT : OF_MESSAGE;
  const rows = await storage.query<AttemptRow>(inDirection(declared, range), [
    wanted.applicationId,
    wanted.messageId ?? wanted.endpointId,
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
    wanted.messageId,
  ]);
  return rows.map(toAttempt);
}
