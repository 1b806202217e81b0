/** Somebody acknowledges or resolves an issue. */
import { statement, type Storage } from "../storage.ts";
import { type Issue, ISSUE_COLUMNS, type IssueKey, type IssueRow, toIssue } from "./issue.ts";

const CHANGE = statement(
  "change-issue",
  `UPDATE issue i SET state = $3,
     state_changed_at = date_trunc('milliseconds', coalesce(to_timestamp($4::float8 / 1000), now()))
   WHERE i.application_id = $1 AND i.issue_id = $2 AND (i.state <> 'resolved' OR $3 = 'resolved')
   RETURNING ${ISSUE_COLUMNS}`,
);

/** @returns undefined when there is none, or a resolved one was to be acknowledged */
export async function changeIssue(
  storage: Storage,
  { applicationId, issueId }: IssueKey,
  state: "acknowledged" | "resolved",
): Promise<Issue | undefined> {
  const values = [applicationId, issueId, state, storage.now()];
  const [row] = await storage.query<IssueRow>(CHANGE, values);
  return row === undefined ? undefined : toIssue(row);
}
