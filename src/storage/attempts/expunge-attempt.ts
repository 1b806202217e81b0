/** Removes the stored response of an attempt for good; that it happened stays. */
import { statement, type Storage } from "../storage.ts";
import type { AttemptKey } from "./get-attempt.ts";

const EXPUNGE = statement(
  "expunge-attempt",
  `UPDATE attempt SET response_body = 'EXPUNGED', response_truncated = false
   WHERE application_id = $1 AND attempt_id = $2 AND message_id = $3
   RETURNING attempt_id`,
);

/** @returns whether there was such an attempt */
export async function expungeAttempt(storage: Storage, key: AttemptKey): Promise<boolean> {
  const values = [key.applicationId, key.attemptId, key.messageId];
  return (await storage.query(EXPUNGE, values)).length > 0;
}
