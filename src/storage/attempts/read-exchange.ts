/** What one attempt exchanged with the receiver beside the bodies, as far as it is kept or still true. */
import type { UnixMs } from "../../core/types.ts";
import { openHeaders } from "../endpoints/load-targets.ts";
import { statement, type Storage } from "../storage.ts";
import type { AttemptKey } from "./get-attempt.ts";

export interface StoredExchange {
  url: string;
  eventType: string;
  attemptedAt: UnixMs;
  errorCode: string | null;
  signature: string | null;
  /** Lines of `name: value`. */
  responseHeaders: string | null;
  /** Null: the payload is gone. */
  payloadBytes: number | null;
  /** What the endpoint adds to its deliveries now. */
  endpointHeaders: Record<string, string>;
  endpointUpdatedAt: UnixMs;
}

const READ = statement(
  "read-exchange",
  `SELECT a.url, a.event_type, a.attempted_at, a.error_code, a.signature, a.response_headers,
     octet_length(m.payload) AS payload_bytes,
     e.endpoint_id, e.headers, e.credentials, e.updated_at
   FROM attempt a
   JOIN endpoint e ON e.application_id = a.application_id AND e.endpoint_id = a.endpoint_id
   LEFT JOIN message m ON m.application_id = a.application_id AND m.message_id = a.message_id
   WHERE a.application_id = $1 AND a.attempt_id = $2 AND a.message_id = $3`,
);

interface ExchangeRow {
  [column: string]: unknown;
  url: string;
  event_type: string;
  attempted_at: UnixMs;
  error_code: string | null;
  signature: string | null;
  response_headers: string | null;
  payload_bytes: number | null;
  endpoint_id: string;
  headers: Buffer | null;
  credentials: Buffer | null;
  updated_at: UnixMs;
}

/** @returns undefined when there is no such attempt */
export async function readExchange(
  storage: Storage,
  key: AttemptKey,
): Promise<StoredExchange | undefined> {
  const values = [key.applicationId, key.attemptId, key.messageId];
  const [row] = await storage.query<ExchangeRow>(READ, values);
  return (
    row && {
      url: row.url,
      eventType: row.event_type,
      attemptedAt: row.attempted_at,
      errorCode: row.error_code,
      signature: row.signature,
      responseHeaders: row.response_headers,
      payloadBytes: row.payload_bytes,
      endpointHeaders: openHeaders(storage, row),
      endpointUpdatedAt: row.updated_at,
    }
  );
}
