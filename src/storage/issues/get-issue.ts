/** One issue, and how many of its messages the endpoint still lacks, out of so many of its last attempts. */
import { firstIdAt } from "../../core/ids.ts";
import { CAUSE } from "../statistics/cause.ts";
import { statement, type Storage } from "../storage.ts";
import { type Issue, ISSUE_COLUMNS, type IssueKey, type IssueRow, toIssue } from "./issue.ts";

/** Attempts of the endpoint that are looked at. */
const ATTEMPTS_MAX = 1_000;

const GET = statement(
  "get-issue",
  `SELECT ${ISSUE_COLUMNS} FROM issue i WHERE i.application_id = $1 AND i.issue_id = $2`,
);
const COUNT = statement(
  "count-undelivered-of-issue",
  `WITH seen AS (
     SELECT message_id, succeeded, ${CAUSE} AS cause FROM attempt
     WHERE application_id = $1 AND endpoint_id = $2 AND attempt_id > $3
     ORDER BY attempt_id DESC LIMIT ${ATTEMPTS_MAX}
   ),
   failed AS (SELECT DISTINCT message_id FROM seen WHERE NOT succeeded AND cause = $4)
   SELECT count(*)::int AS undelivered, (SELECT count(*) = ${ATTEMPTS_MAX} FROM seen) AS more
   FROM failed f WHERE NOT EXISTS (
     SELECT 1 FROM attempt a WHERE a.application_id = $1 AND a.message_id = f.message_id
       AND a.endpoint_id = $2 AND a.attempt_id > $3 AND a.succeeded)`,
);

export async function getIssue(
  storage: Storage,
  { applicationId, issueId }: IssueKey,
): Promise<Issue | undefined> {
  const [row] = await storage.query<IssueRow>(GET, [applicationId, issueId]);
  return row === undefined ? undefined : toIssue(row);
}

export interface Undelivered {
  count: number;
  /** Not all attempts were looked at: it may be more. */
  more: boolean;
}

export async function countUndelivered(
  storage: Storage,
  applicationId: string,
  { endpointId, openedAt, cause }: Issue,
): Promise<Undelivered> {
  const values = [applicationId, endpointId, firstIdAt("atmpt_", openedAt), cause];
  const [row] = await storage.query<{ undelivered: number; more: boolean }>(COUNT, values);
  return { count: row?.undelivered ?? 0, more: row?.more ?? false };
}
