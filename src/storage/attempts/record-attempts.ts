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

// What the attempts of one batch have in common travels, is parsed and is fenced once, as a kind.
// Only what did not count is answered: as a rule nothing.
// A resend that succeeds also ends the chain that was still waiting: the message is delivered.
const RECORD = statement(
  "record-attempts",
  `WITH kind AS (
    SELECT k.*, string_to_array(k.channel_list, ',') AS channels, l.epoch IS NOT NULL AS counts
    FROM unnest($3::smallint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
      WITH ORDINALITY
      AS k(bucket, epoch, application_id, endpoint_id, url, event_type, channel_list, kind_number)
    LEFT JOIN bucket_lease l ON l.kind = 'delivery' AND l.bucket = k.bucket AND l.epoch = k.epoch
  ),
  given AS (
    SELECT k.*, r.*
    FROM unnest($10::int[], $11::text[], $12::smallint[], $13::text[], $14::boolean[], $15::smallint[],
      $16::int[], $17::int[], $18::boolean[], $19::int[], $20::text[], $21::text[], $22::float8[],
      $23::float8[], $24::text[], $25::text[])
      AS r(of_kind, message_id, trigger, attempt_id, succeeded, response_status, body_start,
        body_bytes, response_truncated, duration_ms, error_code, error_message, attempted_at,
        retry_delay_ms, signature, response_headers)
    JOIN kind k ON k.kind_number = r.of_kind
  ),
  result AS (
    SELECT *, CASE WHEN retry_delay_ms IS NULL THEN NULL
        ELSE coalesce(to_timestamp($2::float8 / 1000), now()) + retry_delay_ms * interval '1 millisecond'
      END AS next_attempt_at
    FROM given WHERE counts
  ),
  ended AS (
    DELETE FROM delivery d USING result r
    WHERE r.retry_delay_ms IS NULL AND d.application_id = r.application_id
      AND d.endpoint_id = r.endpoint_id AND d.message_id = r.message_id
      AND (d.trigger = r.trigger OR (r.succeeded AND r.trigger = 1))
  ),
  backed_off AS (
    UPDATE delivery d SET attempts = d.attempts + 1, due_at = r.next_attempt_at
    FROM result r
    WHERE r.retry_delay_ms IS NOT NULL AND d.application_id = r.application_id
      AND d.endpoint_id = r.endpoint_id AND d.message_id = r.message_id AND d.trigger = r.trigger
  ),
  history AS (
    INSERT INTO attempt (application_id, attempt_id, endpoint_id, message_id, event_type, channels,
      trigger, succeeded, response_status, response_body, response_truncated, duration_ms, error_code,
      error_message, url, attempted_at, next_attempt_at, signature, response_headers)
    SELECT application_id, attempt_id, endpoint_id, message_id, event_type, channels,
      trigger, succeeded, response_status,
      substring($1::bytea FROM body_start + 1 FOR body_bytes), response_truncated, duration_ms,
      error_code, error_message, url, to_timestamp(attempted_at / 1000), next_attempt_at,
      signature, response_headers
    FROM result
  )
  SELECT attempt_id FROM given WHERE NOT counts`,
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
 * @returns ids of the attempts that counted; the others had lost their bucket to another node
 */
export async function recordAttempts(
  storage: Storage,
  attempts: AttemptRecord[],
): Promise<Set<string>> {
  const numbered = numberKinds(attempts);
  try {
    const late = await insertAttempts(storage, endDelivered(attempts), numbered);
    const counted = new Set(attempts.map(({ attemptId }) => attemptId));
    for (const attemptId of late) counted.delete(attemptId);
    return counted;
  } catch (error) {
    if (sqlState(error) !== UNIQUE_VIOLATION) throw error;
    const rows = await storage.query<{ attempt_id: string }>(FIND_RECORDED, [
      attempts.map((attempt) => attempt.applicationId),
      attempts.map((attempt) => attempt.messageId),
      attempts.map((attempt) => attempt.attemptId),
    ]);
    return new Set(rows.map((row) => row.attempt_id));
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
    attempt.eventType === kind.eventType &&
    attempt.url === kind.url &&
    sameChannels(attempt.channels, kind.channels)
  );
}

/**
 * Attempts are of one kind when they have bucket, epoch, endpoint, URL, event type and channels in
 * common. An endpoint has few kinds in a batch; a text key over all fields cost 1 µs an attempt.
 */
function numberKinds(attempts: AttemptRecord[]): Numbered {
  const ofEndpoint = new Map<string, { kind: AttemptRecord; number: number }[]>();
  const kinds: AttemptRecord[] = [];
  const numbers = attempts.map((attempt) => {
    const known = ofEndpoint.get(attempt.endpointId) ?? [];
    const found = known.find(({ kind }) => isOfKind(attempt, kind));
    if (found !== undefined) return found.number;
    const number = kinds.push(attempt);
    known.push({ kind: attempt, number });
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
  for (const attempt of attempts) {
    starts.push(offset);
    offset += attempt.responseBody.length;
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
    numbers,
    attempts.map((attempt) => attempt.messageId),
    attempts.map((attempt) => attempt.trigger),
    attempts.map((attempt) => attempt.attemptId),
    attempts.map((attempt) => attempt.succeeded),
    attempts.map((attempt) => attempt.responseStatus),
    starts,
    attempts.map((attempt) => attempt.responseBody.length),
    attempts.map((attempt) => attempt.responseTruncated),
    attempts.map((attempt) => attempt.durationMs),
    attempts.map((attempt) => attempt.errorCode),
    attempts.map((attempt) => attempt.errorMessage),
    attempts.map((attempt) => attempt.attemptedAt),
    attempts.map((attempt) => attempt.retryDelayMs),
    attempts.map((attempt) => attempt.signature),
    attempts.map((attempt) => attempt.responseHeaders),
  ]);
  return rows.map((row) => row.attempt_id);
}
