/** The endpoint as people see it; its secrets and headers are sealed apart (`load-targets.ts`). */
import type { UnixMs } from "../../core/types.ts";

export interface Endpoint {
  endpointId: string;
  uid: string | null;
  url: string;
  description: string;
  version: number;
  throttleRate: number | null;
  /** Delays after each failed attempt; null: the server's. */
  retryScheduleMs: number[] | null;
  disabled: boolean;
  /** Null while it is enabled. */
  disabledReason: string | null;
  eventTypes: string[] | null;
  channels: string[] | null;
  /** JSON text: a map of strings. */
  metadata: string;
  /** First failure after the last success; null while healthy. */
  failingSince: UnixMs | null;
  /** Null while it is enabled. */
  disabledAt: UnixMs | null;
  createdAt: UnixMs;
  updatedAt: UnixMs;
}

/** Basic authentication, taken out of the URL. */
export interface Credentials {
  user: string;
  password: string;
}

/** What callers write. */
export type EndpointFields = Omit<
  Endpoint,
  "endpointId" | "failingSince" | "disabledAt" | "createdAt" | "updatedAt"
>;

export interface EndpointKey {
  applicationId: string;
  endpointId: string;
}

export const ENDPOINT_COLUMNS = `e.endpoint_id, e.uid, e.url, e.description, e.version,
  e.throttle_rate, e.disabled, e.disabled_reason, e.event_types, e.channels, e.metadata,
  e.retry_schedule_ms, e.failing_since, e.disabled_at, e.created_at, e.updated_at`;

export interface EndpointRow {
  [column: string]: unknown;
  endpoint_id: string;
  uid: string | null;
  url: string;
  description: string;
  version: number;
  throttle_rate: number | null;
  disabled: boolean;
  disabled_reason: string | null;
  event_types: string[] | null;
  channels: string[] | null;
  metadata: string;
  retry_schedule_ms: number[] | null;
  failing_since: UnixMs | null;
  disabled_at: UnixMs | null;
  created_at: UnixMs;
  updated_at: UnixMs;
}

export function toEndpoint(row: EndpointRow): Endpoint {
  return {
    endpointId: row.endpoint_id,
    uid: row.uid,
    url: row.url,
    description: row.description,
    version: row.version,
    throttleRate: row.throttle_rate,
    retryScheduleMs: row.retry_schedule_ms,
    disabled: row.disabled,
    disabledReason: row.disabled_reason,
    eventTypes: row.event_types,
    channels: row.channels,
    metadata: row.metadata,
    failingSince: row.failing_since,
    // Programs older than the column leave what they last wrote in it.
    disabledAt: row.disabled ? (row.disabled_at ?? row.updated_at) : null,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** The parameters $4 to $14 of the statements that write one. */
export function fieldValues(fields: EndpointFields): unknown[] {
  return [
    fields.uid,
    fields.url,
    fields.description,
    fields.version,
    fields.throttleRate,
    fields.disabled,
    fields.disabledReason,
    fields.eventTypes,
    fields.channels,
    fields.metadata,
    fields.retryScheduleMs,
  ];
}
