/**
 * The messages an endpoint was sent, or is still owed, one row per message with how it stands. Walks
 * the application's messages in order and asks each for its few attempts.
 */
import { directedStatement, inDirection, type KeyRange } from "../key-range.ts";
import type { MessageFilter } from "../messages/list-messages.ts";
import { type Message, messageColumns, type MessageRow, toMessage } from "../messages/message.ts";
import type { Storage } from "../storage.ts";
import type { AttemptStatus } from "./attempt.ts";
import { type Progress, progressOf, type ProgressRow, toProgress } from "./progress.ts";

const LIST = directedStatement(
  "list-endpoint-messages",
  (direction) =>
    `SELECT ${messageColumns("$6::boolean")}, progress.* FROM message m
     CROSS JOIN LATERAL (${progressOf("$1", "$2", "m.message_id")}) progress
     WHERE m.application_id = $1 AND m.message_id > $3 AND m.message_id < $4
       AND progress.status IS NOT NULL AND ($7::text[] IS NULL OR progress.status = ANY ($7))
       AND ($8::text IS NULL OR $8 = ANY (m.channels))
       AND ($9::text IS NULL OR $9 = ANY (m.tags))
       AND ($10::text[] IS NULL OR m.event_type = ANY ($10))
     ORDER BY m.message_id ${direction} LIMIT $5`,
);

export interface EndpointMessage extends Progress {
  message: Message;
}

export interface EndpointMessageList extends MessageFilter {
  applicationId: string;
  endpointId: string;
  withContent: boolean;
  /** Any of these; null: all. */
  statuses: AttemptStatus[] | null;
}

export async function listEndpointMessages(
  storage: Storage,
  list: EndpointMessageList,
  range: KeyRange,
): Promise<EndpointMessage[]> {
  const rows = await storage.query<MessageRow & ProgressRow>(inDirection(LIST, range), [
    list.applicationId,
    list.endpointId,
    range.lower,
    range.upper,
    range.limit,
    list.withContent,
    list.statuses,
    list.channel,
    list.tag,
    list.eventTypes,
  ]);
  return rows.map((row) => ({ message: toMessage(row), ...toProgress(row) }));
}
