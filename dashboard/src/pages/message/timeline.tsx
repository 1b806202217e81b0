/** The attempts of one delivery, newest first, with what comes next above them. */
import type { ReactNode } from "react";
import { CircleCheck, CircleDashed, CircleX } from "lucide-react";
import type { MessageAttemptOut } from "../../api/generated/paths.ts";
import { NextStep } from "../../components/delivery-status.tsx";
import { outcomeWords } from "../../components/failure-words.ts";
import { cx } from "../../lib/cx.ts";
import { formatDuration, formatPlural, formatSpan } from "../../lib/format.ts";
import { inertText } from "../../lib/inert-text.ts";
import { Timestamp } from "../../ui/time.tsx";
import type { Delivery } from "./delivery-list.tsx";

const ENDS: Partial<Record<Delivery["status"], string>> = {
  exhausted: "Given up: no attempt comes by itself. Resend it, or recover all that failed.",
  parked: "Parked: the endpoint is disabled. It is sent when the endpoint is enabled.",
  canceled: "Cancelled: its payload was removed before it was sent.",
};

function Step({
  icon,
  children,
  last = false,
}: {
  icon: ReactNode;
  children: ReactNode;
  last?: boolean;
}): ReactNode {
  return (
    <li className="relative flex gap-3">
      {!last && <span className="absolute top-6 -bottom-1 left-2 w-px bg-line" aria-hidden />}
      <span className="mt-2.5 shrink-0">{icon}</span>
      <div className="min-w-0 flex-1">{children}</div>
    </li>
  );
}

interface AttemptStepProps {
  attempt: MessageAttemptOut;
  number: number;
  chosen: boolean;
  last: boolean;
  onChoose: () => void;
}

function AttemptStep({ attempt, number, chosen, last, onChoose }: AttemptStepProps): ReactNode {
  const { statusText, responseDurationMs, timestamp, triggerType, errorMessage } = attempt;
  const good = statusText === "success";
  const words = outcomeWords(attempt);
  return (
    <Step
      last={last}
      icon={
        good ? (
          <CircleCheck className="size-4 text-good" aria-label="Succeeded" />
        ) : (
          <CircleX className="size-4 text-bad" aria-label="Failed" />
        )
      }
    >
      <button
        type="button"
        aria-current={chosen}
        onClick={onChoose}
        data-attempt={attempt.id}
        className={cx(
          "-ml-1.5 w-full rounded-lg px-2.5 py-1.5 text-left text-sm hover:bg-hover",
          chosen && "bg-hover",
        )}
      >
        <span className="flex flex-wrap items-baseline justify-between gap-x-3">
          <span className="font-medium">
            <span className={good ? "text-good" : "text-bad"}>{words}</span>{" "}
            <span className="font-normal text-muted">
              after {formatDuration(responseDurationMs)}
            </span>
          </span>
          <span className="text-xs text-muted">
            <Timestamp at={timestamp} />
          </span>
        </span>
        <span className="mt-0.5 block text-xs text-muted">
          Attempt {number}
          {triggerType === 1 && " · by hand"}
          {!good && errorMessage !== null && (
            <span className="break-words"> · {inertText(errorMessage)}</span>
          )}
        </span>
      </button>
    </Step>
  );
}

function Next({ delivery }: { delivery: Delivery }): ReactNode {
  const { status, endpoint, attempts } = delivery;
  const end = ENDS[status];
  if (status === "delivered") return null;
  return (
    <Step
      last={attempts.length === 0}
      icon={<CircleDashed className="size-4 text-faint" aria-hidden />}
    >
      <p className="py-2 text-sm text-muted" data-next>
        {end ?? <NextStep {...endpoint} />}
      </p>
    </Step>
  );
}

/** How long it took from the event to the delivery. */
function Summary({ delivery, createdAt }: { delivery: Delivery; createdAt: string }): ReactNode {
  const { status, attempts } = delivery;
  const success = attempts.findLast(({ statusText }) => statusText === "success");
  if (status !== "delivered" || success === undefined) return null;
  const at = attempts.length - attempts.indexOf(success);
  const tookMs = Date.parse(success.timestamp) + success.responseDurationMs - Date.parse(createdAt);
  const span = tookMs < 10_000 ? formatDuration(Math.max(0, tookMs)) : formatSpan(tookMs);
  return (
    <p className="mb-1 text-xs text-muted">
      Delivered {span} after it was published, with {formatPlural(at, "attempt")}.
    </p>
  );
}

interface TimelineProps {
  delivery: Delivery;
  createdAt: string;
  attemptId: string | undefined;
  onChoose: (attemptId: string) => void;
}

export function Timeline({ delivery, createdAt, attemptId, onChoose }: TimelineProps): ReactNode {
  const { attempts } = delivery;
  return (
    <div>
      <Summary delivery={delivery} createdAt={createdAt} />
      <ol aria-label="Attempts">
        <Next delivery={delivery} />
        {attempts.map((attempt, at) => (
          <AttemptStep
            key={attempt.id}
            attempt={attempt}
            number={attempts.length - at}
            chosen={attempt.id === attemptId}
            last={at === attempts.length - 1}
            onChoose={() => onChoose(attempt.id)}
          />
        ))}
      </ol>
    </div>
  );
}
