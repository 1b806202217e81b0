/** What the pages of endpoints ask, and what changes. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api } from "../../api/client.ts";
import type { EndpointOut, EndpointStatistics } from "../../api/generated/paths.ts";
import { keys } from "../../api/keys.ts";

export interface EndpointRow {
  endpoint: EndpointOut;
  statistics: EndpointStatistics | undefined;
}

interface EndpointPage {
  rows: EndpointRow[];
  next: string | undefined;
}

const PAGE = 100;

/** Both lists are in the order of ids, so that one iterator serves them. */
async function readPage(
  appId: string,
  iterator: string | undefined,
  signal: AbortSignal,
): Promise<EndpointPage> {
  const path = { app_id: appId };
  const query = { limit: PAGE, iterator, order: "descending" as const };
  const [endpoints, statistics] = await Promise.all([
    api.get("/api/v1/app/{app_id}/endpoint", { path, query, signal }),
    api.get("/api/v1/app/{app_id}/statistics", { path, query, signal }),
  ]);
  const byId = new Map(statistics.data.map((one) => [one.endpointId, one]));
  return {
    rows: endpoints.data.map((endpoint) => ({ endpoint, statistics: byId.get(endpoint.id) })),
    next: endpoints.done ? undefined : (endpoints.iterator ?? undefined),
  };
}

export const endpointListQuery = (appId: string) =>
  infiniteQueryOptions({
    queryKey: [...keys.endpoints(appId), "list"],
    queryFn: ({ pageParam, signal }) => readPage(appId, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
  });

export const endpointQuery = (appId: string, endpointId: string) =>
  queryOptions({
    queryKey: [...keys.endpoint(appId, endpointId), "endpoint"],
    queryFn: ({ signal }) =>
      api.get("/api/v1/app/{app_id}/endpoint/{endpoint_id}", {
        path: { app_id: appId, endpoint_id: endpointId },
        signal,
      }),
  });

export type StatisticsSpan = "hour" | "day" | "month";

const SPANS = { hour: "minute", day: "hour", month: "day" } as const;

export const statisticsQuery = (appId: string, endpointId: string, span: StatisticsSpan) =>
  queryOptions({
    queryKey: [...keys.endpoint(appId, endpointId), "statistics", span],
    queryFn: ({ signal }) =>
      api.get("/api/v1/app/{app_id}/endpoint/{endpoint_id}/statistics", {
        path: { app_id: appId, endpoint_id: endpointId },
        query: { bucket: SPANS[span] },
        signal,
      }),
  });
