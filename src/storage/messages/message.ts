/** The message as people see it, for the operations beside this file. */
import type { UnixMs } from "../../core/types.ts";

export interface Message {
  messageId: string;
  eventId: string | null;
  eventType: string;
  channels: string[] | null;
  tags: string[] | null;
  /** Null when it was not asked for, or is gone. */
  payload: Buffer | null;
  /** Expunged, or dropped by retention. */
  expired: boolean;
  createdAt: UnixMs;
  /** Not sent before; null: at once. */
  deliverAt: UnixMs | null;
}

/** `wanted` is the parameter that says whether payloads are read. */
export function messageColumns(wanted: string): string {
  return `m.message_id, m.event_id, m.event_type, m.channels, m.tags, m.created_at, m.deliver_at,
    CASE WHEN ${wanted} THEN m.payload END AS payload, m.payload IS NULL AS expired`;
}

export interface MessageRow {
  [column: string]: unknown;
  message_id: string;
  event_id: string | null;
  event_type: string;
  channels: string[] | null;
  tags: string[] | null;
  payload: Buffer | null;
  expired: boolean;
  created_at: UnixMs;
  deliver_at: UnixMs | null;
}

export function toMessage(row: MessageRow): Message {
  return {
    messageId: row.message_id,
    eventId: row.event_id,
    eventType: row.event_type,
    channels: row.channels,
    tags: row.tags,
    payload: row.payload,
    expired: row.expired,
    createdAt: row.created_at,
    deliverAt: row.deliver_at,
  };
}
