/** What of these pages is in their address. */

export const HEALTH_FILTERS = [
  "failing",
  "degraded",
  "healthy",
  "idle",
  "paused",
  "disabled",
] as const;
export type HealthFilter = (typeof HEALTH_FILTERS)[number];

export const ENDPOINT_TABS = ["overview", "deliveries", "signing", "settings"] as const;
export type EndpointTab = (typeof ENDPOINT_TABS)[number];

export const SPANS = ["hour", "day", "month"] as const;
export type Span = (typeof SPANS)[number];

export const ATTEMPT_FILTERS = ["success", "retrying", "failed"] as const;
export type AttemptFilter = (typeof ATTEMPT_FILTERS)[number];

type Search = Record<string, unknown>;

function oneOf<T extends string>(among: readonly T[], value: unknown): T | undefined {
  return among.find((one) => one === value);
}

export interface EndpointsSearch {
  q?: string | undefined;
  health?: HealthFilter | undefined;
}

export function readEndpointsSearch(search: Search): EndpointsSearch {
  const health = oneOf(HEALTH_FILTERS, search["health"]);
  const q = search["q"];
  return { ...(typeof q === "string" && { q }), ...(health !== undefined && { health }) };
}

export interface EndpointSearch {
  /** Absent: overview. */
  tab?: EndpointTab | undefined;
  /** Absent: day. */
  span?: Span | undefined;
  outcome?: AttemptFilter | undefined;
}

export function readEndpointSearch(search: Search): EndpointSearch {
  const tab = oneOf(ENDPOINT_TABS, search["tab"]);
  const span = oneOf(SPANS, search["span"]);
  const outcome = oneOf(ATTEMPT_FILTERS, search["outcome"]);
  return {
    ...(tab !== undefined && { tab }),
    ...(span !== undefined && { span }),
    ...(outcome !== undefined && { outcome }),
  };
}
