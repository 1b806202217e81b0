/** One delivery: a message at an endpoint. */
import type { MouseEvent, ReactNode } from "react";
import { Link } from "@tanstack/react-router";
import type { DeliveryOut } from "../../api/generated/paths.ts";
import { DeliveryBadge, NextStep } from "../../components/delivery-status.tsx";
import { outcomeWords } from "../../components/failure-words.ts";
import { cx } from "../../lib/cx.ts";
import { formatDuration, formatPlural } from "../../lib/format.ts";
import { Checkbox } from "../../ui/input.tsx";
import { Td, Tr } from "../../ui/table.tsx";
import { Timestamp } from "../../ui/time.tsx";

/** What failed stands out: by word and icon, and by the edge of its row. */
const EDGES: Partial<Record<DeliveryOut["status"], string>> = {
  exhausted: "shadow-[inset_3px_0_0_var(--bar-bad)] bg-bad-soft/35",
  backing_off: "shadow-[inset_3px_0_0_var(--warn)] bg-warn-soft/35",
};

function isFailing({ status }: DeliveryOut): boolean {
  return status === "exhausted" || status === "backing_off";
}

function Outcome({ delivery }: { delivery: DeliveryOut }): ReactNode {
  const { lastAttempt } = delivery;
  if (lastAttempt === null) return <span className="text-muted">–</span>;
  return (
    <span title={lastAttempt.errorMessage ?? undefined} className="whitespace-nowrap">
      <span className={cx("font-medium", isFailing(delivery) ? "text-bad" : "text-muted")}>
        {outcomeWords(lastAttempt)}
      </span>
      <span className="text-muted"> · {formatDuration(lastAttempt.responseDurationMs)}</span>
    </span>
  );
}

/** What comes next; of what is over, how many attempts it took when it was not one. */
function Next({ delivery }: { delivery: DeliveryOut }): ReactNode {
  const { attempts, nextAttempt } = delivery;
  if (nextAttempt !== null) return <NextStep {...delivery} />;
  return attempts > 1 ? formatPlural(attempts, "attempt") : null;
}

interface LogRowProps {
  delivery: DeliveryOut;
  endpoint: string;
  selected: boolean;
  /** Where `j` and `k` are. */
  active: boolean;
  onSelect: (event: MouseEvent) => void;
}

export function LogRow(props: LogRowProps): ReactNode {
  const { delivery, endpoint, selected, active, onSelect } = props;
  const { msgId, endpointId, eventType, status, createdAt } = delivery;
  return (
    <Tr
      data-delivery={`${msgId}.${endpointId}`}
      aria-selected={selected}
      className={cx("relative", EDGES[status], (selected || active) && "bg-hover")}
    >
      <Td className="h-10 w-9 pr-0">
        {/* Above the link that covers the row. */}
        <Checkbox
          aria-label={`Select ${eventType} to ${endpoint}`}
          checked={selected}
          onClick={onSelect}
          onChange={() => undefined}
          className="relative z-10 block"
        />
      </Td>
      <Td className="h-10 w-px px-3">
        <DeliveryBadge status={status} />
      </Td>
      <Td className="h-10 max-w-0 min-w-24 px-3 max-sm:min-w-16 max-sm:px-1">
        <Link
          to="/messages/$messageId"
          params={{ messageId: msgId }}
          search={{ endpoint: endpointId }}
          data-row-link
          className="block truncate font-mono text-xs outline-none after:absolute after:inset-0 focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-accent"
        >
          {eventType}
        </Link>
        <span className="block truncate text-2xs text-muted sm:hidden">{endpoint}</span>
      </Td>
      <Td className="h-10 max-w-0 min-w-32 truncate px-3 text-muted max-sm:hidden" title={endpoint}>
        {endpoint}
      </Td>
      <Td className="h-10 w-px px-3 max-sm:hidden">
        <Outcome delivery={delivery} />
      </Td>
      <Td className="h-10 w-px max-w-64 truncate px-3 text-muted max-lg:hidden">
        <Next delivery={delivery} />
      </Td>
      <Td className="w-px pr-3 pl-1 text-right text-2xs text-muted sm:hidden">
        <span className="block">
          <Outcome delivery={delivery} />
        </span>
        <Timestamp at={createdAt} />
      </Td>
      <Td className="h-10 w-px pl-3 text-right text-muted max-sm:hidden">
        <Timestamp at={createdAt} />
      </Td>
    </Tr>
  );
}
