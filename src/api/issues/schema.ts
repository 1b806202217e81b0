/** Issues on the wire. */
import { Type, type Static } from "typebox";
import type { UnixMs } from "../../core/types.ts";
import type { Undelivered } from "../../storage/issues/get-issue.ts";
import type { Issue, IssueState } from "../../storage/issues/issue.ts";
import { dateTime, listOf, nullable } from "../schemas.ts";
import { RecoverOut } from "../tasks/schema.ts";

export const issueState = Type.Unsafe<IssueState>({
  type: "string",
  enum: ["open", "acknowledged", "resolved"],
});
const issueFields = {
  id: Type.String({ examples: ["iss_9f86d081884c7d659a2feaa0c55"] }),
  endpointId: Type.String(),
  cause: Type.String({ description: "An error code, or http_ and the status: http_503, timeout." }),
  state: issueState,
  stateChangedAt: nullable(dateTime),
  firstSeenAt: dateTime,
  openedAt: Type.Unsafe<string>({
    ...dateTime,
    description: "firstSeenAt, or the first failure after it was resolved.",
  }),
  lastSeenAt: dateTime,
  attempts: Type.Integer({ description: "Failed attempts, of all time." }),
  reopened: Type.Integer({ description: "How often it came back after it was resolved." }),
  lastError: nullable(Type.String()),
  lastAttemptId: Type.String(),
  lastMsgId: Type.String(),
};
export const IssueOut = Type.Object(issueFields, { title: "IssueOut" });
export const IssueList = listOf("ListResponse_IssueOut_", IssueOut);
export const IssueDetailOut = Type.Object(
  {
    ...issueFields,
    undelivered: Type.Integer({
      description: "Its messages since openedAt that the endpoint still lacks.",
    }),
    undeliveredMore: Type.Boolean({
      description: "Only the endpoint's last 1,000 attempts were looked at.",
    }),
  },
  { title: "IssueDetailOut" },
);
export const IssueResolveIn = Type.Object(
  {
    resend: Type.Optional(
      Type.Boolean({
        default: false,
        description: "Send what failed since openedAt once more, by a background task.",
      }),
    ),
  },
  { title: "IssueResolveIn" },
);
export type IssueResolveIn = Static<typeof IssueResolveIn>;
export const IssueResolvedOut = Type.Object(
  { issue: IssueOut, task: Type.Optional(RecoverOut) },
  { title: "IssueResolvedOut" },
);

const iso = (time: UnixMs): string => new Date(time).toISOString();

export function renderIssue(issue: Issue): Record<string, unknown> {
  return {
    id: issue.issueId,
    endpointId: issue.endpointId,
    cause: issue.cause,
    state: issue.state,
    stateChangedAt: issue.stateChangedAt === null ? null : iso(issue.stateChangedAt),
    firstSeenAt: iso(issue.firstSeenAt),
    openedAt: iso(issue.openedAt),
    lastSeenAt: iso(issue.lastSeenAt),
    attempts: issue.attempts,
    reopened: issue.reopened,
    lastError: issue.lastError,
    lastAttemptId: issue.lastAttemptId,
    lastMsgId: issue.lastMessageId,
  };
}

export function renderIssueDetail(issue: Issue, { count, more }: Undelivered): unknown {
  return { ...renderIssue(issue), undelivered: count, undeliveredMore: more };
}
