/** The last attempt that failed so: what was answered, as it came. */
import type { ReactNode } from "react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { IssueOut, MessageAttemptOut } from "../../api/generated/paths.ts";
import { AttemptBadge, outcomeOf } from "../../components/attempt-outcome.tsx";
import { formatDuration } from "../../lib/format.ts";
import { useAppId } from "../../router/place.ts";
import { buttonClass } from "../../ui/button.tsx";
import { Card, Facts } from "../../ui/card.tsx";
import { CodeBlock } from "../../ui/code-block.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Countdown, Timestamp } from "../../ui/time.tsx";
import { sampleQuery } from "./issue-queries.ts";

function Sample({ attempt }: { attempt: MessageAttemptOut }): ReactNode {
  const { timestamp, responseDurationMs, response, responseTruncated, nextAttempt, errorMessage } =
    attempt;
  return (
    <div className="flex flex-col gap-4">
      <Facts
        rows={[
          [
            "Outcome",
            <span key="outcome" className="flex flex-wrap items-center gap-2">
              <AttemptBadge attempt={attempt} />
              {outcomeOf(attempt)}
            </span>,
          ],
          ["When", <Timestamp key="when" at={timestamp} />],
          ["After", formatDuration(responseDurationMs)],
          [
            "What is next",
            nextAttempt === null ? (
              "Nothing by itself"
            ) : (
              <span key="next">
                Tried again in <Countdown at={nextAttempt} past="a moment" />
              </span>
            ),
          ],
          [
            "Message",
            <Link
              key="message"
              to="/messages/$messageId"
              params={{ messageId: attempt.msgId }}
              className="font-mono text-xs text-accent hover:text-accent-hover"
            >
              {attempt.msgId}
            </Link>,
          ],
        ]}
      />
      {response !== "" && response !== errorMessage && (
        <div>
          <p className="mb-1.5 text-sm font-medium">What the receiver answered</p>
          <CodeBlock text={response} label="the receiver's answer" wrap />
          {responseTruncated && (
            <p className="mt-1 text-xs text-faint">Only the first 16 KiB are kept.</p>
          )}
        </div>
      )}
    </div>
  );
}

export function SampleCard({ issue }: { issue: IssueOut }): ReactNode {
  const { data, error } = useQuery(sampleQuery(useAppId(), issue));
  return (
    <Card
      title="The last failure"
      actions={
        <Link
          to="/endpoints/$endpointId"
          params={{ endpointId: issue.endpointId }}
          search={{ tab: "deliveries" }}
          className={buttonClass("plain", "small")}
        >
          All attempts of the endpoint
        </Link>
      }
    >
      {data === undefined && error === null && <Skeleton className="h-32" />}
      {data === undefined && error !== null && (
        <p className="text-sm text-muted">
          The attempt is not kept any more. It said: {issue.lastError ?? "nothing"}
        </p>
      )}
      {data !== undefined && <Sample attempt={data} />}
    </Card>
  );
}
