/**
 * Deliveries as people see them: a row for each message and endpoint it was sent to or is owed to, with
 * its last attempt. For a few messages at a time: their attempts are found by message, what is owed
 * by endpoint and range of messages.
 */
import { firstIdAt, timeOfId } from "../../core/ids.ts";
import type { UnixMs } from "../../core/types.ts";
import { directedStatement } from "../key-range.ts";
import type { Storage } from "../storage.ts";
import { outcomeClassOf } from "./outcome-class.ts";

export type DeliveryStatus =
  | "waiting"
  | "backing_off"
  | "parked"
  | "delivered"
  | "exhausted"
  | "canceled";

export interface LastAttempt {
  attemptId: string;
  attemptedAt: UnixMs;
  responseStatus: number;
  durationMs: number;
  errorCode: string | null;
  errorMessage: string | null;
  trigger: number;
}

export interface Delivery {
  messageId: string;
  eventId: string | null;
  eventType: string;
  channels: string[] | null;
  tags: string[] | null;
  createdAt: UnixMs;
  deliverAt: UnixMs | null;
  endpointId: string;
  bucket: number;
  disabled: boolean;
  status: DeliveryStatus;
  attempts: number;
  /** Null: nothing is owed. */
  nextAttemptAt: UnixMs | null;
  last: LastAttempt | null;
}

export interface DeliveryFilter {
  endpointId: string | null;
  statuses: DeliveryStatus[] | null;
  /** Of the last attempt, as all that follow. */
  outcomeClasses: string[] | null;
  responseStatus: number | null;
  errorCode: string | null;
  slowerThanMs: number | null;
}

/** Where a page begins or ends: beyond this message and endpoint. */
export interface DeliveryKey {
  messageId: string;
  endpointId: string;
}

const READ = directedStatement(
  "read-deliveries",
  (direction) =>
    `WITH tried AS (
       SELECT a.message_id, a.endpoint_id, count(*)::int AS attempts, max(a.attempt_id) AS last_id,
         bool_or(a.succeeded) AS succeeded, bool_or(a.error_code = 'payload_gone') AS canceled
       FROM attempt a
       WHERE a.application_id = $1 AND a.message_id = ANY ($2::text[]) AND a.attempt_id > $5
         AND ($11::text IS NULL OR a.endpoint_id = $11)
       GROUP BY a.message_id, a.endpoint_id
     ),
     owed AS (
       SELECT d.message_id, d.endpoint_id, min(d.due_at) AS due_at
       FROM endpoint e
       CROSS JOIN LATERAL (
         SELECT message_id, endpoint_id, due_at FROM delivery
         WHERE application_id = $1 AND endpoint_id = e.endpoint_id
           AND message_id >= $3 AND message_id <= $4
       ) d
       WHERE e.application_id = $1 AND ($11::text IS NULL OR e.endpoint_id = $11)
         AND d.message_id = ANY ($2)
       GROUP BY d.message_id, d.endpoint_id
     ),
     known AS (
       SELECT message_id, endpoint_id, t.last_id, coalesce(t.attempts, 0) AS attempts, o.due_at,
         t.succeeded, t.canceled
       FROM tried t FULL JOIN owed o USING (message_id, endpoint_id)
     ),
     standing AS (
       SELECT k.message_id, k.endpoint_id, k.last_id, k.attempts, k.due_at, e.bucket, e.disabled,
         CASE WHEN k.succeeded THEN 'delivered'
           WHEN k.due_at IS NOT NULL AND e.disabled THEN 'parked'
           WHEN k.due_at IS NOT NULL AND k.attempts > 0 THEN 'backing_off'
           WHEN k.due_at IS NOT NULL THEN 'waiting'
           WHEN k.canceled THEN 'canceled' ELSE 'exhausted' END AS status
       FROM known k
       JOIN endpoint e ON e.application_id = $1 AND e.endpoint_id = k.endpoint_id
     )
     SELECT s.*, m.event_id, m.event_type, m.channels, m.tags, m.created_at, m.deliver_at,
       l.attempt_id, l.attempted_at, l.response_status, l.duration_ms, l.error_code, l.error_message,
       l.trigger
     FROM standing s
     JOIN message m ON m.application_id = $1 AND m.message_id = s.message_id
     LEFT JOIN attempt l ON l.application_id = $1 AND l.message_id = s.message_id
       AND l.attempt_id = s.last_id
     WHERE (s.message_id, s.endpoint_id) > ($6, $7) AND (s.message_id, s.endpoint_id) < ($8, $9)
       AND ($12::text[] IS NULL OR s.status = ANY ($12))
       AND ($13::text[] IS NULL OR (l.attempt_id IS NOT NULL AND ${outcomeClassOf("l")} = ANY ($13)))
       AND ($14::int IS NULL OR l.response_status = $14)
       AND ($15::text IS NULL OR l.error_code = $15)
       AND ($16::int IS NULL OR l.duration_ms > $16)
     ORDER BY s.message_id ${direction}, s.endpoint_id ${direction} LIMIT $10`,
);

interface DeliveryRow {
  [column: string]: unknown;
  message_id: string;
  endpoint_id: string;
  attempts: number;
  due_at: UnixMs | null;
  bucket: number;
  disabled: boolean;
  status: DeliveryStatus;
  event_id: string | null;
  event_type: string;
  channels: string[] | null;
  tags: string[] | null;
  created_at: UnixMs;
  deliver_at: UnixMs | null;
  attempt_id: string | null;
  attempted_at: UnixMs;
  response_status: number;
  duration_ms: number;
  error_code: string | null;
  error_message: string | null;
  trigger: number;
}

function toDelivery(row: DeliveryRow): Delivery {
  return {
    messageId: row.message_id,
    eventId: row.event_id,
    eventType: row.event_type,
    channels: row.channels,
    tags: row.tags,
    createdAt: row.created_at,
    deliverAt: row.deliver_at,
    endpointId: row.endpoint_id,
    bucket: row.bucket,
    disabled: row.disabled,
    status: row.status,
    attempts: row.attempts,
    nextAttemptAt: row.due_at,
    last:
      row.attempt_id === null
        ? null
        : {
            attemptId: row.attempt_id,
            attemptedAt: row.attempted_at,
            responseStatus: row.response_status,
            durationMs: row.duration_ms,
            errorCode: row.error_code,
            errorMessage: row.error_message,
            trigger: row.trigger,
          },
  };
}

export interface DeliveryPage {
  applicationId: string;
  /** Not empty. */
  messageIds: string[];
  lower: DeliveryKey;
  upper: DeliveryKey;
  ascending: boolean;
  limit: number;
}

/** An attempt's id may have been made a little before its message's, by a node whose clock is behind. */
const CLOCKS_MS = 3_600_000;

export async function readDeliveries(
  storage: Storage,
  page: DeliveryPage,
  filter: DeliveryFilter,
): Promise<Delivery[]> {
  const ordered = page.messageIds.toSorted();
  const [first = ""] = ordered;
  const rows = await storage.query<DeliveryRow>(page.ascending ? READ.ascending : READ.descending, [
    page.applicationId,
    ordered,
    first,
    ordered.at(-1) ?? "",
    firstIdAt("atmpt_", (timeOfId(first) ?? 0) - CLOCKS_MS),
    page.lower.messageId,
    page.lower.endpointId,
    page.upper.messageId,
    page.upper.endpointId,
    page.limit,
    filter.endpointId,
    filter.statuses,
    filter.outcomeClasses,
    filter.responseStatus,
    filter.errorCode,
    filter.slowerThanMs,
  ]);
  return rows.map(toDelivery);
}
