/**
 * Stores what came of a batch of attempts: the attempts become history and their deliveries end or
 * wait for the next try, in one statement. Each result carries the epoch under which it was claimed;
 * one whose bucket has a new owner since then changes nothing.
 */
import { MANUAL, type Trigger } from "../../core/attempt-outcome.ts";
import type { UnixMs } from "../../core/types.ts";
import { sqlState, statement, type Storage, UNIQUE_VIOLATION } from "../storage.ts";

export interface AttemptRecord {
  bucket: number;
  epoch: number;
  applicationId: string;
  endpointId: string;
  messageId: string;
  trigger: Trigger;
  attemptId: string;
  eventType: string;
  channels: string[] | null;
  succeeded: boolean;
  /** HTTP status; 0 without an HTTP response. */
  responseStatus: number;
  responseBody: Buffer;
  responseTruncated: boolean;
  /** Lines of `name: value`; null without an HTTP response. */
  responseHeaders: string | null;
  /** As sent; null: nothing was sent. */
  signature: string | null;
  durationMs: number;
  errorCode: string | null;
  errorMessage: string | null;
  url: string;
  attemptedAt: UnixMs;
  /** Null: the delivery ends with this attempt. */
  retryDelayMs: number | null;
}

const NEXT_ATTEMPT_AT = `coalesce(to_timestamp($2::float8 / 1000), now())
        + r.retry_delay_ms * interval '1 millisecond'`;

/**
 * Whose deliveries the results are about. Put together before any is looked for (OFFSET 0): planned for an empty
 * queue, each kind would else read all that its endpoint is owed (`ingest` 0.10 of the floor instead of 0.17).
 */
const deliveriesOf = (which: string): string => `
      SELECT k.application_id, k.endpoint_id, r.message_id, k.trigger, k.succeeded, r.retry_delay_ms
      FROM unnest($16::int[], $17::text[], $18::float8[]) AS r(of_kind, message_id, retry_delay_ms)
      JOIN kind k ON k.kind_number = r.of_kind
      WHERE k.counts AND ${which} OFFSET 0`;

// What the attempts of one batch have in common travels, is parsed and is fenced once, as a kind. What is an
// attempt's own is unnested by each part that needs it, with no more columns than it needs: as one list of all
// columns, kept twice by PostgreSQL, and with six columns of the kinds in it, each result of a batch of 256 cost
// 16.0 and 16.8 µs of its CPU, as now 13.3 and 14.1 (medians of five alternated). Rejected: bodies as a part of
// kinds (13.5 µs while all are "ok", 16.0 and 16.6 when each is another; so 12.5 and 12.7).
// Only what did not count is answered: as a rule nothing.
// A resend that succeeds also ends the chain that was still waiting: the message is delivered.
const RECORD = statement(
  "record-attempts",
  `WITH kind AS (
    SELECT k.*, string_to_array(k.channel_list, ',') AS channels, l.epoch IS NOT NULL AS counts
    FROM unnest($3::smallint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
      $10::smallint[], $11::boolean[], $12::smallint[], $13::boolean[], $14::text[], $15::text[])
      WITH ORDINALITY
      AS k(bucket, epoch, application_id, endpoint_id, url, event_type, channel_list, trigger, succeeded,
        response_status, response_truncated, error_code, error_message, kind_number)
    LEFT JOIN bucket_lease l ON l.kind = 'delivery' AND l.bucket = k.bucket AND l.epoch = k.epoch
  ),
  ended AS (
    DELETE FROM delivery d USING (${deliveriesOf("r.retry_delay_ms IS NULL")}) r
    WHERE d.application_id = r.application_id AND d.endpoint_id = r.endpoint_id
      AND d.message_id = r.message_id AND (d.trigger = r.trigger OR (r.succeeded AND r.trigger = 1))
  ),
  backed_off AS (
    UPDATE delivery d SET attempts = d.attempts + 1, due_at = ${NEXT_ATTEMPT_AT}
    FROM (${deliveriesOf("r.retry_delay_ms IS NOT NULL")}) r
    WHERE d.application_id = r.application_id AND d.endpoint_id = r.endpoint_id
      AND d.message_id = r.message_id AND d.trigger = r.trigger
  ),
  history AS (
    INSERT INTO attempt (application_id, attempt_id, endpoint_id, message_id, event_type, channels,
      trigger, succeeded, response_status, response_body, response_truncated, duration_ms, error_code,
      error_message, url, attempted_at, next_attempt_at, signature, response_headers)
    SELECT k.application_id, r.attempt_id, k.endpoint_id, r.message_id, k.event_type, k.channels,
      k.trigger, k.succeeded, k.response_status,
      substring($1::bytea FROM r.body_start + 1 FOR r.body_bytes), k.response_truncated, r.duration_ms,
      k.error_code, k.error_message, k.url, to_timestamp(r.attempted_at / 1000), ${NEXT_ATTEMPT_AT},
      r.signature, r.response_headers
    FROM unnest($16::int[], $17::text[], $18::float8[], $19::text[], $20::int[], $21::float8[],
      $22::text[], $23::text[], $24::int[], $25::int[])
      AS r(of_kind, message_id, retry_delay_ms, attempt_id, duration_ms, attempted_at, signature,
        response_headers, body_start, body_bytes)
    JOIN kind k ON k.kind_number = r.of_kind
    WHERE k.counts
  )
  SELECT r.attempt_id FROM kind k
  JOIN unnest($16::int[], $19::text[]) AS r(of_kind, attempt_id) ON r.of_kind = k.kind_number
  WHERE NOT k.counts`,
);

const FIND_RECORDED = statement(
  "find-recorded-attempts",
  `SELECT attempt_id FROM unnest($1::text[], $2::text[], $3::text[])
     AS r(application_id, message_id, attempt_id)
   JOIN attempt USING (application_id, message_id, attempt_id)`,
);

/**
 * Safe to call again with the same batch when the answer to its commit was lost: the second time
 * changes nothing and answers as the first. (`ON CONFLICT DO NOTHING` would do it in one statement,
 * at two thirds of the engine's rate.)
 * @returns ids of the attempts that did not count, as their bucket had gone to another node: as a rule none. (Those
 * that did, as a set, cost 0.3 µs each: V8 keeps a copy of every text that it looks up in one.)
 */
export async function recordAttempts(
  storage: Storage,
  attempts: AttemptRecord[],
): Promise<Set<string>> {
  const numbered = numberKinds(attempts);
  try {
    return new Set(await insertAttempts(storage, endDelivered(attempts), numbered));
  } catch (error) {
    if (sqlState(error) !== UNIQUE_VIOLATION) throw error;
    const rows = await storage.query<{ attempt_id: string }>(FIND_RECORDED, [
      attempts.map((attempt) => attempt.applicationId),
      attempts.map((attempt) => attempt.messageId),
      attempts.map((attempt) => attempt.attemptId),
    ]);
    const late = new Set(attempts.map(({ attemptId }) => attemptId));
    for (const { attempt_id } of rows) late.delete(attempt_id);
    return late;
  }
}

/**
 * A statement changes a row once: were the failure of a chain in one batch with the success of a resend
 * beside it, the row could be set waiting instead of ended, and the message be sent again.
 */
function endDelivered(attempts: AttemptRecord[]): AttemptRecord[] {
  const keyOf = ({ bucket, epoch, endpointId, messageId }: AttemptRecord): string =>
    `${bucket} ${epoch} ${endpointId} ${messageId}`;
  const resent = attempts.filter(({ trigger, succeeded }) => trigger === MANUAL && succeeded);
  if (resent.length === 0) return attempts;
  const delivered = new Set(resent.map(keyOf));
  return attempts.map((attempt) =>
    delivered.has(keyOf(attempt)) ? { ...attempt, retryDelayMs: null } : attempt,
  );
}

interface Numbered {
  /** One attempt of each kind. */
  kinds: AttemptRecord[];
  /** Of each attempt, counted from 1 as PostgreSQL does. */
  numbers: number[];
}

function sameChannels(one: string[] | null, other: string[] | null): boolean {
  if (one === null || other === null) return one === other;
  return one.length === other.length && one.every((channel, index) => channel === other[index]);
}

function isOfKind(attempt: AttemptRecord, kind: AttemptRecord): boolean {
  return (
    attempt.epoch === kind.epoch &&
    attempt.trigger === kind.trigger &&
    attempt.responseStatus === kind.responseStatus &&
    attempt.succeeded === kind.succeeded &&
    attempt.responseTruncated === kind.responseTruncated &&
    attempt.errorCode === kind.errorCode &&
    attempt.errorMessage === kind.errorMessage &&
    attempt.eventType === kind.eventType &&
    attempt.url === kind.url &&
    sameChannels(attempt.channels, kind.channels)
  );
}

/** Of an endpoint's kinds only the latest are compared: each failure may have words of its own. */
const KINDS_COMPARED_MAX = 4;

/**
 * Attempts are of one kind when they have all in common but ids, times, signature, headers and body. An
 * endpoint has few kinds in a batch; a text key over all fields cost 1 µs an attempt.
 */
function numberKinds(attempts: AttemptRecord[]): Numbered {
  const ofEndpoint = new Map<string, { kind: AttemptRecord; number: number }[]>();
  const kinds: AttemptRecord[] = [];
  const numbers = attempts.map((attempt) => {
    const known = ofEndpoint.get(attempt.endpointId) ?? [];
    const found = known.find(({ kind }) => isOfKind(attempt, kind));
    if (found !== undefined) return found.number;
    const number = kinds.push(attempt);
    known.unshift({ kind: attempt, number });
    if (known.length > KINDS_COMPARED_MAX) known.pop();
    ofEndpoint.set(attempt.endpointId, known);
    return number;
  });
  return { kinds, numbers };
}

/** @returns ids of those that did not count */
async function insertAttempts(
  storage: Storage,
  attempts: AttemptRecord[],
  { kinds, numbers }: Numbered,
): Promise<string[]> {
  const starts: number[] = [];
  let offset = 0;
  for (const { responseBody } of attempts) {
    starts.push(offset);
    offset += responseBody.length;
  }
  const rows = await storage.query<{ attempt_id: string }>(RECORD, [
    Buffer.concat(attempts.map((attempt) => attempt.responseBody)),
    storage.now(),
    kinds.map((kind) => kind.bucket),
    kinds.map((kind) => kind.epoch),
    kinds.map((kind) => kind.applicationId),
    kinds.map((kind) => kind.endpointId),
    kinds.map((kind) => kind.url),
    kinds.map((kind) => kind.eventType),
    kinds.map((kind) => kind.channels?.join(",") ?? null),
    kinds.map((kind) => kind.trigger),
    kinds.map((kind) => kind.succeeded),
    kinds.map((kind) => kind.responseStatus),
    kinds.map((kind) => kind.responseTruncated),
    kinds.map((kind) => kind.errorCode),
    kinds.map((kind) => kind.errorMessage),
    numbers,
    attempts.map((attempt) => attempt.messageId),
    attempts.map((attempt) => attempt.retryDelayMs),
    attempts.map((attempt) => attempt.attemptId),
    attempts.map((attempt) => attempt.durationMs),
    attempts.map((attempt) => attempt.attemptedAt),
    attempts.map((attempt) => attempt.signature),
    attempts.map((attempt) => attempt.responseHeaders),
    starts,
    attempts.map((attempt) => attempt.responseBody.length),
  ]);
  return rows.map((row) => row.attempt_id);
}
