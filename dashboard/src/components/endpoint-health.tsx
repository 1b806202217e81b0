/** How an endpoint is, at a glance: one word, and what is behind it. */
import type { ReactNode } from "react";
import type { EndpointOut, EndpointStatistics } from "../api/generated/paths.ts";
import { formatShare } from "../lib/format.ts";
import type { Status } from "../ui/badge.tsx";
import { StatusBadge } from "../ui/badge.tsx";
import { RelativeTime } from "../ui/time.tsx";

/** Below, an endpoint that mostly works is still worth a look. */
const SHARE_FINE = 0.99;
/** Who fails now and then is not down: only failures for so long, or nothing else, are. */
const DOWN_MS = 60_000;

const REASONS: Record<string, string> = {
  manual: "Paused by hand.",
  gone: "The receiver answered 410 Gone.",
  asked_by_receiver: "The receiver asked for it (webhook-delivery: disable).",
  failing_for_5_days: "It only failed for five days.",
};

/** Why it is disabled, in words. */
export function disabledBecause({ disabledReason }: Pick<EndpointOut, "disabledReason">): string {
  return REASONS[disabledReason ?? "manual"] ?? `Disabled: ${disabledReason}.`;
}

export function isDown(
  { failingSince, disabled }: Pick<EndpointOut, "failingSince" | "disabled">,
  statistics?: EndpointStatistics,
): boolean {
  if (failingSince === null || disabled) return false;
  return Date.now() - Date.parse(failingSince) > DOWN_MS || statistics?.successes === 0;
}

export function healthOf(endpoint: EndpointOut, statistics?: EndpointStatistics): Status {
  if (endpoint.disabled) return endpoint.disabledReason === "manual" ? "paused" : "disabled";
  if (isDown(endpoint, statistics)) return "failing";
  if (statistics === undefined || statistics.attempts === 0) return "idle";
  return statistics.successes / statistics.attempts >= SHARE_FINE ? "healthy" : "degraded";
}

interface EndpointHealthProps {
  endpoint: EndpointOut;
  statistics?: EndpointStatistics | undefined;
}

export function EndpointHealthBadge({ endpoint, statistics }: EndpointHealthProps): ReactNode {
  const status = healthOf(endpoint, statistics);
  const title = endpoint.disabled
    ? disabledBecause(endpoint)
    : statistics === undefined
      ? ""
      : `${formatShare(statistics.successes, statistics.attempts)} of the attempts of the last 24 hours succeeded`;
  return <StatusBadge status={status} title={title} />;
}

/** Since when it has been so; nothing where that does not matter. */
export function HealthSince({ endpoint, statistics }: EndpointHealthProps): ReactNode {
  const { disabled, disabledAt, failingSince } = endpoint;
  const since = disabled ? disabledAt : isDown(endpoint, statistics) ? failingSince : null;
  if (since === null) return null;
  return (
    <span className="text-xs text-faint">
      since <RelativeTime at={since} />
    </span>
  );
}
