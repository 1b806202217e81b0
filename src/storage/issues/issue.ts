/** An issue: failed attempts of one endpoint with one cause, for the operations beside this file. */
import type { UnixMs } from "../../core/types.ts";

export type IssueState = "open" | "acknowledged" | "resolved";

export interface Issue {
  issueId: string;
  endpointId: string;
  /** An error code, or `http_` and the status. */
  cause: string;
  state: IssueState;
  /** When somebody acknowledged or resolved it; null: nobody did. */
  stateChangedAt: UnixMs | null;
  firstSeenAt: UnixMs;
  /** Its first failure, or the first after it was resolved. */
  openedAt: UnixMs;
  lastSeenAt: UnixMs;
  attempts: number;
  reopened: number;
  lastAttemptId: string;
  lastMessageId: string;
  lastError: string | null;
}

export interface IssueKey {
  applicationId: string;
  issueId: string;
}

export const ISSUE_COLUMNS = `i.issue_id, i.endpoint_id, i.cause, i.state, i.state_changed_at,
  i.first_seen_at, i.opened_at, i.last_seen_at, i.attempts, i.reopened, i.last_attempt_id,
  i.last_message_id, i.last_error`;

export interface IssueRow {
  [column: string]: unknown;
  issue_id: string;
  endpoint_id: string;
  cause: string;
  state: IssueState;
  state_changed_at: UnixMs | null;
  first_seen_at: UnixMs;
  opened_at: UnixMs;
  last_seen_at: UnixMs;
  attempts: number;
  reopened: number;
  last_attempt_id: string;
  last_message_id: string;
  last_error: string | null;
}

export function toIssue(row: IssueRow): Issue {
  return {
    issueId: row.issue_id,
    endpointId: row.endpoint_id,
    cause: row.cause,
    state: row.state,
    stateChangedAt: row.state_changed_at,
    firstSeenAt: row.first_seen_at,
    openedAt: row.opened_at,
    lastSeenAt: row.last_seen_at,
    attempts: row.attempts,
    reopened: row.reopened,
    lastAttemptId: row.last_attempt_id,
    lastMessageId: row.last_message_id,
    lastError: row.last_error,
  };
}
