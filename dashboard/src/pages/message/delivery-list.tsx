/** The endpoints of a message, and how it stands at each. */
import type { ReactNode } from "react";
import type { MessageAttemptOut, MessageEndpointOut } from "../../api/generated/paths.ts";
import {
  DeliveryBadge,
  type DeliveryStatus,
  deliveryStatusOf,
  NextStep,
} from "../../components/delivery-status.tsx";
import { endpointName } from "../../components/endpoint-name.tsx";
import { cx } from "../../lib/cx.ts";
import { formatPlural } from "../../lib/format.ts";

export interface Delivery {
  endpoint: MessageEndpointOut;
  status: DeliveryStatus;
  /** Newest first. */
  attempts: MessageAttemptOut[];
}

/** What needs a look comes first. */
const ORDER: readonly DeliveryStatus[] = [
  "exhausted",
  "backing_off",
  "parked",
  "waiting",
  "canceled",
  "delivered",
];

export function deliveriesOf(
  endpoints: readonly MessageEndpointOut[],
  attempts: readonly MessageAttemptOut[],
): Delivery[] {
  return endpoints
    .map((endpoint) => {
      const own = attempts.filter(({ endpointId }) => endpointId === endpoint.id);
      return { endpoint, attempts: own, status: deliveryStatusOf(endpoint, own.length) };
    })
    .sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
}

interface DeliveryListProps {
  deliveries: readonly Delivery[];
  chosen: Delivery | undefined;
  onChoose: (endpointId: string) => void;
}

export function DeliveryList({ deliveries, chosen, onChoose }: DeliveryListProps): ReactNode {
  return (
    <ul
      aria-label="Deliveries"
      className="overflow-hidden rounded-xl border border-line bg-surface shadow-card"
    >
      {deliveries.map((delivery) => {
        const { endpoint, status, attempts } = delivery;
        const isChosen = delivery === chosen;
        return (
          <li key={endpoint.id} className="border-b border-line last:border-0">
            <button
              type="button"
              aria-current={isChosen}
              onClick={() => onChoose(endpoint.id)}
              className={cx(
                "flex w-full items-start gap-3 px-4 py-2.5 text-left text-sm hover:bg-hover focus-visible:-outline-offset-2",
                isChosen && "bg-hover shadow-[inset_3px_0_0_var(--accent)]",
              )}
            >
              <span className="min-w-0 flex-1">
                <span className="block truncate font-medium">{endpointName(endpoint)}</span>
                <span className="block truncate text-xs text-muted">
                  {formatPlural(attempts.length, "attempt")}
                  {endpoint.nextAttempt !== null && " · "}
                  <NextStep {...endpoint} />
                </span>
              </span>
              <DeliveryBadge status={status} />
            </button>
          </li>
        );
      })}
    </ul>
  );
}
