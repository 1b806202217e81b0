/** A page of an application's issues, by their last attempt. */
import { directedStatement, inDirection, type KeyRange } from "../key-range.ts";
import type { Storage } from "../storage.ts";
import { type Issue, ISSUE_COLUMNS, type IssueRow, type IssueState, toIssue } from "./issue.ts";

const LIST = directedStatement(
  "list-issues",
  (direction) =>
    `SELECT ${ISSUE_COLUMNS} FROM issue i
     WHERE i.application_id = $1 AND i.last_attempt_id > $2 AND i.last_attempt_id < $3
       AND ($5::text[] IS NULL OR i.state = ANY ($5))
       AND ($6::text IS NULL OR i.endpoint_id = $6)
     ORDER BY i.last_attempt_id ${direction} LIMIT $4`,
);

export interface IssueList {
  applicationId: string;
  states: IssueState[] | null;
  endpointId: string | null;
}

export async function listIssues(
  storage: Storage,
  { applicationId, states, endpointId }: IssueList,
  range: KeyRange,
): Promise<Issue[]> {
  const { lower, upper, limit } = range;
  const values = [applicationId, lower, upper, limit, states, endpointId];
  const rows = await storage.query<IssueRow>(inDirection(LIST, range), values);
  return rows.map(toIssue);
}
