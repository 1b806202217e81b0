/** One attempt of a message, with its response. */
import { statement, type Storage } from "../storage.ts";
import {
  type Attempt,
  ATTEMPT_JOINS,
  attemptColumns,
  type AttemptRow,
  toAttempt,
} from "./attempt.ts";

export interface AttemptKey {
  applicationId: string;
  messageId: string;
  attemptId: string;
}

const GET = statement(
  "get-attempt",
  `SELECT ${attemptColumns("true")} FROM attempt a ${ATTEMPT_JOINS}
   WHERE a.application_id = $1 AND a.attempt_id = $2 AND a.message_id = $3`,
);

export async function getAttempt(storage: Storage, key: AttemptKey): Promise<Attempt | undefined> {
  const values = [key.applicationId, key.attemptId, key.messageId];
  const [row] = await storage.query<AttemptRow>(GET, values);
  return row === undefined ? undefined : toAttempt(row);
}
