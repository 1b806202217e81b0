/** Stores a message with one delivery, to one endpoint, whatever event types and channels that asks for. */
import { statement, type Storage } from "../storage.ts";
import type { UnixMs } from "../../core/types.ts";

export interface DirectedMessage {
  applicationId: string;
  endpointId: string;
  bucket: number;
  messageId: string;
  eventType: string;
  payload: Buffer;
}

export type DirectedOutcome =
  | { kind: "stored"; messageId: string; createdAt: UnixMs }
  /** The endpoint is gone or disabled. */
  | { kind: "not_sendable" };

const INSERT = statement(
  "insert-directed-message",
  `WITH wanted AS (
     SELECT application_id, endpoint_id, bucket,
       date_trunc('milliseconds', coalesce(to_timestamp($6::float8 / 1000), now())) AS at
     FROM endpoint
     WHERE application_id = $1 AND endpoint_id = $2 AND deleted_at IS NULL AND NOT disabled
   ),
   stored AS (
     INSERT INTO message (application_id, message_id, event_type, payload, created_at)
     SELECT application_id, $3, $4, $5, at FROM wanted
   ),
   owed AS (
     INSERT INTO delivery (application_id, endpoint_id, message_id, bucket, due_at)
     SELECT application_id, endpoint_id, $3, bucket, at FROM wanted
   )
   SELECT at AS created_at FROM wanted`,
);

export async function insertDirectedMessage(
  storage: Storage,
  message: DirectedMessage,
): Promise<DirectedOutcome> {
  const { messageId } = message;
  const [row] = await storage.query<{ created_at: UnixMs }>(INSERT, [
    message.applicationId,
    message.endpointId,
    messageId,
    message.eventType,
    message.payload,
    storage.now(),
  ]);
  if (row === undefined) return { kind: "not_sendable" };
  return { kind: "stored", messageId, createdAt: row.created_at };
}
