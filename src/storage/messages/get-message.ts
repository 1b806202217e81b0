/** Finds a message by its id or by the caller's event id, which never starts like an id. */
import { statement, type Storage } from "../storage.ts";
import { type Message, messageColumns, type MessageRow, toMessage } from "./message.ts";

const BY_ID = statement(
  "get-message-by-id",
  `SELECT ${messageColumns("$3::boolean")} FROM message m
   WHERE application_id = $1 AND message_id = $2`,
);
const BY_EVENT_ID = statement(
  "get-message-by-event-id",
  `SELECT ${messageColumns("$3::boolean")}
   FROM message_event_id e JOIN message m USING (application_id, message_id)
   WHERE e.application_id = $1 AND e.event_id = $2`,
);

export async function getMessage(
  storage: Storage,
  key: { applicationId: string; idOrEventId: string },
  withContent: boolean,
): Promise<Message | undefined> {
  const get = key.idOrEventId.startsWith("msg_") ? BY_ID : BY_EVENT_ID;
  const values = [key.applicationId, key.idOrEventId, withContent];
  const [row] = await storage.query<MessageRow>(get, values);
  return row === undefined ? undefined : toMessage(row);
}
