/** What became of the event at each endpoint: its attempts, and when the next one is. */
import type { ReactNode } from "react";
import type { MessageAttemptOut } from "../../api/generated/paths.ts";
import { LINK, PageLink } from "../../components/page-link.tsx";
import { formatDuration } from "../../lib/format.ts";
import { StatusBadge } from "../../ui/badge.tsx";
import { Countdown, Timestamp } from "../../ui/time.tsx";
import { type Delivery, stateOf } from "./action-event.ts";

function answerOf({ responseStatusCode, errorMessage, errorCode }: MessageAttemptOut): string {
  if (responseStatusCode > 0) return `Answered ${responseStatusCode}`;
  return errorMessage ?? errorCode ?? "No answer";
}

function Attempt({ attempt, number }: { attempt: MessageAttemptOut; number: number }): ReactNode {
  const { timestamp, responseDurationMs, triggerType } = attempt;
  return (
    <li className="flex flex-wrap items-center gap-x-3 text-xs text-muted tabular-nums">
      <span>Attempt {number}</span>
      <span className="min-w-0 flex-1 truncate text-ink">{answerOf(attempt)}</span>
      {triggerType === 1 && <span>by hand</span>}
      <span className="max-sm:hidden">{formatDuration(responseDurationMs)}</span>
      <span className="text-faint">
        <Timestamp at={timestamp} />
      </span>
    </li>
  );
}

/** What happens next, in words. */
function Next({ delivery }: { delivery: Delivery }): ReactNode {
  const { endpoint, attempts } = delivery;
  const state = stateOf(delivery);
  if (state === "parked") {
    return "The endpoint is disabled: it is kept, and can be sent once the endpoint is enabled.";
  }
  if (state === "exhausted") return "It is not tried again by itself. Resend it from the message.";
  if (state === "waiting") return "The first attempt is about to start.";
  if (state === "retrying" && endpoint.nextAttempt !== null) {
    return (
      <>
        Attempt {attempts.length + 1} in{" "}
        <span className="font-medium text-ink">
          <Countdown at={endpoint.nextAttempt} past="0 s" />
        </span>
      </>
    );
  }
  return null;
}

export function ActionDelivery({ delivery }: { delivery: Delivery }): ReactNode {
  const { endpoint, attempts } = delivery;
  const next = <Next delivery={delivery} />;
  return (
    <li className="flex flex-col gap-2 rounded-lg border border-line p-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <StatusBadge status={stateOf(delivery)} />
        <PageLink
          to={`/endpoints/${endpoint.id}`}
          className="min-w-0 flex-1 truncate font-mono text-xs text-ink hover:underline"
        >
          {endpoint.url}
        </PageLink>
      </div>
      {attempts.length > 0 && (
        <ol aria-label={`Attempts at ${endpoint.url}`} className="flex flex-col gap-1">
          {attempts.map((attempt, index) => (
            <Attempt key={attempt.id} attempt={attempt} number={attempts.length - index} />
          ))}
        </ol>
      )}
      {stateOf(delivery) !== "delivered" && <p className="text-xs text-muted">{next}</p>}
    </li>
  );
}

/** Nobody listens: what to do about it. */
export function NoDeliveries({ eventType }: { eventType: string }): ReactNode {
  return (
    <p>
      No endpoint takes <code className="font-mono text-xs text-ink">{eventType}</code>, so it was
      sent to nobody.{" "}
      <PageLink to="/endpoints/new" className={LINK}>
        Add an endpoint
      </PageLink>
      , then push again.
    </p>
  );
}
