/** Removes the payload of a message for good; its row, attempts and ids stay. */
import { statement, type Storage } from "../storage.ts";

const EXPUNGE = statement(
  "expunge-message",
  "UPDATE message SET payload = NULL WHERE application_id = $1 AND message_id = $2",
);

export async function expungeMessage(
  storage: Storage,
  key: { applicationId: string; messageId: string },
): Promise<void> {
  await storage.query(EXPUNGE, [key.applicationId, key.messageId]);
}
