/**
 * The next messages of an application in order, a bounded number, of which those are named that fit a
 * filter. So a search for what is rare reads no more per call than another, and goes on from where the
 * walk ended.
 */
import {
  type DirectedStatement,
  directedStatement,
  inDirection,
  type KeyRange,
} from "../key-range.ts";
import type { Storage } from "../storage.ts";

/** As much of a payload is searched for text; no more of it is read. */
export const SEARCHED_BYTES = 65_536;

export interface MessageSearch {
  channel: string | null;
  tag: string | null;
  eventTypes: string[] | null;
  /** Contained in the payload, as bytes of UTF-8. */
  text: string | null;
}

/** What is walked: all messages, or those still owed to an endpoint (or any: null). */
export interface Walk extends MessageSearch {
  applicationId: string;
  owed: boolean;
  endpointId: string | null;
}

export interface Walked {
  messageIds: string[];
  /** The message the walk ended at; null: there was none. */
  last: string | null;
  /** Nothing is left to walk. */
  ended: boolean;
}

const MATCHES = `($5::text IS NULL OR $5 = ANY (m.channels))
  AND ($6::text IS NULL OR $6 = ANY (m.tags))
  AND ($7::text[] IS NULL OR m.event_type = ANY ($7))
  AND ($8::bytea IS NULL OR position($8 IN substring(m.payload FOR ${SEARCHED_BYTES})) > 0)`;
const END = { ASC: "max", DESC: "min" };

function walk(name: string, walked: (direction: "ASC" | "DESC") => string): DirectedStatement {
  return directedStatement(
    name,
    (direction) =>
      `WITH walked AS MATERIALIZED (${walked(direction)})
       SELECT count(*)::int AS count, ${END[direction]}(message_id) AS last,
         coalesce(array_agg(message_id) FILTER (WHERE matches), '{}') AS message_ids
       FROM walked`,
  );
}

const ALL = walk(
  "walk-messages",
  (direction) =>
    `SELECT m.message_id, ${MATCHES} AS matches FROM message m
     WHERE m.application_id = $1 AND m.message_id > $2 AND m.message_id < $3
     ORDER BY m.message_id ${direction} LIMIT $4`,
);

// Of each endpoint's owed messages, which its key has in order, the first: only those endpoints that
// come first can have any of the wanted ones.
const owedBy = (direction: "ASC" | "DESC", endpoint: string): string =>
  `SELECT d.message_id FROM delivery d
   WHERE d.application_id = $1 AND d.endpoint_id = ${endpoint}
     AND d.message_id > $2 AND d.message_id < $3
   ORDER BY d.message_id ${direction}`;
const OWED = walk(
  "walk-owed-messages",
  (direction) =>
    `SELECT m.message_id, ${MATCHES} AS matches FROM (
       SELECT DISTINCT owed.message_id FROM (
         SELECT e.endpoint_id FROM endpoint e
         CROSS JOIN LATERAL (${owedBy(direction, "e.endpoint_id")} LIMIT 1) head
         WHERE e.application_id = $1 AND ($9::text IS NULL OR e.endpoint_id = $9)
         ORDER BY head.message_id ${direction} LIMIT $4
       ) lane
       CROSS JOIN LATERAL (${owedBy(direction, "lane.endpoint_id")} LIMIT $4) owed
       ORDER BY owed.message_id ${direction} LIMIT $4
     ) next
     JOIN message m ON m.application_id = $1 AND m.message_id = next.message_id`,
);

interface WalkRow {
  [column: string]: unknown;
  count: number;
  last: string | null;
  message_ids: string[];
}

export async function walkMessages(
  storage: Storage,
  { applicationId, owed, endpointId, channel, tag, eventTypes, text }: Walk,
  range: KeyRange,
): Promise<Walked> {
  const bytes = text === null ? null : Buffer.from(text);
  const values = [applicationId, range.lower, range.upper, range.limit];
  const filter = [channel, tag, eventTypes, bytes];
  const declared = inDirection(owed ? OWED : ALL, range);
  const more = owed ? [endpointId] : [];
  const [row] = await storage.query<WalkRow>(declared, [...values, ...filter, ...more]);
  if (row === undefined) throw new Error("A sum over no rows is a row too.");
  return { messageIds: row.message_ids, last: row.last, ended: row.count < range.limit };
}
