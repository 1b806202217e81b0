/** A page of an application's messages by id, which is by time. */
import { directedStatement, inDirection, type KeyRange } from "../key-range.ts";
import type { Storage } from "../storage.ts";
import { type Message, messageColumns, type MessageRow, toMessage } from "./message.ts";

export interface MessageFilter {
  channel: string | null;
  tag: string | null;
  eventTypes: string[] | null;
}

const LIST = directedStatement(
  "list-messages",
  (direction) =>
    `SELECT ${messageColumns("$5::boolean")} FROM message m
     WHERE application_id = $1 AND message_id > $2 AND message_id < $3
       AND ($6::text IS NULL OR $6 = ANY (channels))
       AND ($7::text IS NULL OR $7 = ANY (tags))
       AND ($8::text[] IS NULL OR event_type = ANY ($8))
     ORDER BY message_id ${direction} LIMIT $4`,
);

export async function listMessages(
  storage: Storage,
  list: MessageFilter & { applicationId: string; withContent: boolean },
  range: KeyRange,
): Promise<Message[]> {
  const rows = await storage.query<MessageRow>(inDirection(LIST, range), [
    list.applicationId,
    range.lower,
    range.upper,
    range.limit,
    list.withContent,
    list.channel,
    list.tag,
    list.eventTypes,
  ]);
  return rows.map(toMessage);
}
