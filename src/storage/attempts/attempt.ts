/** The attempt as people see it, for the operations beside this file. */
import type { UnixMs } from "../../core/types.ts";

/** Canceled: it came to its turn without a payload, and was not sent. */
export type AttemptStatus = "success" | "sending" | "fail" | "canceled";

export interface Attempt {
  attemptId: string;
  endpointId: string;
  messageId: string;
  trigger: number;
  succeeded: boolean;
  /** When its delivery is tried again; null when this was the last try, or another came after. */
  nextAttemptAt: UnixMs | null;
  responseStatus: number;
  /** Empty unless asked for. */
  responseBody: Buffer;
  responseTruncated: boolean;
  durationMs: number;
  errorCode: string | null;
  errorMessage: string | null;
  url: string;
  attemptedAt: UnixMs;
  /** What is told of its message; null when that is gone. */
  message: AttemptedMessage | null;
}

export interface AttemptedMessage {
  eventId: string | null;
  eventType: string;
  channels: string[] | null;
  tags: string[] | null;
  createdAt: UnixMs;
  deliverAt: UnixMs | null;
}

/**
 * Columns of `attempt a` joined by `ATTEMPT_JOINS`. A next attempt only counts while a delivery still
 * waits for just that moment: a later attempt of the chain, or its end, moves or removes it.
 */
export function attemptColumns(contentWanted: string): string {
  return `a.attempt_id, a.endpoint_id, a.message_id, a.trigger, a.succeeded, d.due_at,
    a.response_status, CASE WHEN ${contentWanted} THEN a.response_body ELSE '' END AS response_body,
    a.response_truncated, a.duration_ms, a.error_code, a.error_message, a.url, a.attempted_at,
    a.event_type, m.created_at AS message_at, m.deliver_at, m.event_id, m.channels, m.tags`;
}

export const ATTEMPT_JOINS = `
  LEFT JOIN delivery d ON d.application_id = a.application_id AND d.endpoint_id = a.endpoint_id
    AND d.message_id = a.message_id AND d.trigger = a.trigger AND d.due_at = a.next_attempt_at
  LEFT JOIN message m ON m.application_id = a.application_id AND m.message_id = a.message_id`;

export interface AttemptRow {
  [column: string]: unknown;
  attempt_id: string;
  endpoint_id: string;
  message_id: string;
  trigger: number;
  succeeded: boolean;
  due_at: UnixMs | null;
  response_status: number;
  response_body: Buffer;
  response_truncated: boolean;
  duration_ms: number;
  error_code: string | null;
  error_message: string | null;
  url: string;
  attempted_at: UnixMs;
  event_type: string;
  message_at: UnixMs | null;
  deliver_at: UnixMs | null;
  event_id: string | null;
  channels: string[] | null;
  tags: string[] | null;
}

export function toAttempt(row: AttemptRow): Attempt {
  return {
    attemptId: row.attempt_id,
    endpointId: row.endpoint_id,
    messageId: row.message_id,
    trigger: row.trigger,
    succeeded: row.succeeded,
    nextAttemptAt: row.due_at,
    responseStatus: row.response_status,
    responseBody: row.response_body,
    responseTruncated: row.response_truncated,
    durationMs: row.duration_ms,
    errorCode: row.error_code,
    errorMessage: row.error_message,
    url: row.url,
    attemptedAt: row.attempted_at,
    message:
      row.message_at === null
        ? null
        : {
            eventId: row.event_id,
            eventType: row.event_type,
            channels: row.channels,
            tags: row.tags,
            createdAt: row.message_at,
            deliverAt: row.deliver_at,
          },
  };
}
