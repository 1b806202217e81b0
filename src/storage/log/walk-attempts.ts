/**
 * The next attempts of an application in order, whatever their endpoint, a bounded number, of which
 * those are given that fit a filter. There is no index over an application's attempts, which every
 * attempt would have to maintain: the lists of its endpoints are merged, and only those endpoints whose
 * first comes early enough can have any of the wanted ones.
 */
import {
  type Attempt,
  ATTEMPT_JOINS,
  attemptColumns,
  type AttemptRow,
  toAttempt,
} from "../attempts/attempt.ts";
import type { AttemptStatus } from "../attempts/attempt.ts";
import { directedStatement, inDirection, type KeyRange } from "../key-range.ts";
import type { Storage } from "../storage.ts";
import { outcomeClassOf } from "./outcome-class.ts";
import { type MessageSearch, SEARCHED_BYTES } from "./walk-messages.ts";

export interface AttemptSearch extends MessageSearch {
  applicationId: string;
  endpointId: string | null;
  statuses: AttemptStatus[] | null;
  outcomeClasses: string[] | null;
  responseStatus: number | null;
  /** 0, 100, 200 … 500: the first of a hundred HTTP statuses. */
  statusCodeClass?: number | null;
  errorCode: string | null;
  slowerThanMs: number | null;
  withContent: boolean;
}

const ofEndpoint = (direction: "ASC" | "DESC", endpoint: string): string =>
  `SELECT attempt_id FROM attempt
   WHERE application_id = $1 AND endpoint_id = ${endpoint} AND attempt_id > $2 AND attempt_id < $3
   ORDER BY attempt_id ${direction}`;
const END = { ASC: "max", DESC: "min" };

const WALK = directedStatement(
  "walk-attempts",
  (direction) =>
    `WITH walked AS MATERIALIZED (
       SELECT lane.endpoint_id, next.attempt_id FROM (
         SELECT e.endpoint_id FROM endpoint e
         CROSS JOIN LATERAL (${ofEndpoint(direction, "e.endpoint_id")} LIMIT 1) head
         WHERE e.application_id = $1 AND ($6::text IS NULL OR e.endpoint_id = $6)
         ORDER BY head.attempt_id ${direction} LIMIT $4
       ) lane
       CROSS JOIN LATERAL (${ofEndpoint(direction, "lane.endpoint_id")} LIMIT $4) next
       ORDER BY next.attempt_id ${direction} LIMIT $4
     ),
     walk AS (SELECT count(*)::int AS walked, ${END[direction]}(attempt_id) AS last FROM walked)
     SELECT walk.*, found.* FROM walk LEFT JOIN LATERAL (
       SELECT ${attemptColumns("$7::boolean")} FROM walked w
       JOIN attempt a ON a.application_id = $1 AND a.endpoint_id = w.endpoint_id
         AND a.attempt_id = w.attempt_id ${ATTEMPT_JOINS}
       WHERE ($8::text[] IS NULL OR CASE WHEN a.succeeded THEN 'success'
           WHEN d.due_at IS NOT NULL THEN 'sending'
           WHEN a.error_code = 'payload_gone' THEN 'canceled' ELSE 'fail' END = ANY ($8))
         AND ($9::text[] IS NULL OR ${outcomeClassOf("a")} = ANY ($9))
         AND ($10::int IS NULL OR a.response_status = $10)
         AND ($11::text IS NULL OR a.error_code = $11)
         AND ($12::int IS NULL OR a.duration_ms > $12)
         AND ($13::text IS NULL OR $13 = ANY (a.channels))
         AND ($14::text IS NULL OR $14 = ANY (m.tags))
         AND ($15::text[] IS NULL OR a.event_type = ANY ($15))
         AND ($16::bytea IS NULL OR position($16 IN substring(m.payload FOR ${SEARCHED_BYTES})) > 0)
         AND ($17::int IS NULL OR a.response_status BETWEEN $17 AND $17 + 99)
       ORDER BY a.attempt_id ${direction} LIMIT $5
     ) found ON true`,
);

/** All of the attempt is null when none was found. */
interface WalkRow extends AttemptRow {
  walked: number;
  last: string | null;
}

export interface WalkedAttempts {
  attempts: Attempt[];
  last: string | null;
  ended: boolean;
}

/** @param limits how many are walked, and how many given at most */
export async function walkAttempts(
  storage: Storage,
  search: AttemptSearch,
  range: KeyRange,
  givenMax: number,
): Promise<WalkedAttempts> {
  const rows = await storage.query<WalkRow>(inDirection(WALK, range), [
    search.applicationId,
    range.lower,
    range.upper,
    range.limit,
    givenMax,
    search.endpointId,
    search.withContent,
    search.statuses,
    search.outcomeClasses,
    search.responseStatus,
    search.errorCode,
    search.slowerThanMs,
    search.channel,
    search.tag,
    search.eventTypes,
    search.text === null ? null : Buffer.from(search.text),
    search.statusCodeClass ?? null,
  ]);
  const [first] = rows;
  if (first === undefined) throw new Error("A sum over no rows is a row too.");
  const { last, walked } = first;
  const found = rows.filter(({ attempt_id: id }: { attempt_id: string | null }) => id !== null);
  return { attempts: found.map(toAttempt), last, ended: walked < range.limit };
}
