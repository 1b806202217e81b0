/** The endpoints of the application by their ids, for pages that only have ids. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { api } from "../api/client.ts";
import type { EndpointOut } from "../api/generated/paths.ts";
import { keys } from "../api/keys.ts";
import { useAppId } from "../router/place.ts";
import { endpointName } from "./endpoint-name.tsx";

const PAGE = 250;
/** An application has at most a thousand. */
const PAGES_MAX = 4;

async function readEndpoints(appId: string, signal: AbortSignal): Promise<EndpointOut[]> {
  const found: EndpointOut[] = [];
  let iterator: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await api.get("/api/v1/app/{app_id}/endpoint", {
      path: { app_id: appId },
      query: { limit: PAGE, iterator },
      signal,
    });
    found.push(...answer.data);
    if (answer.done) break;
    iterator = answer.iterator ?? undefined;
  }
  return found;
}

const allEndpointsQuery = (appId: string) =>
  queryOptions({
    queryKey: [...keys.endpoints(appId), "all"],
    queryFn: ({ signal }) => readEndpoints(appId, signal),
    staleTime: 30_000,
  });

export interface EndpointNames {
  endpoints: readonly EndpointOut[];
  /** A deleted one has only its id. */
  nameOf: (endpointId: string) => string;
  isLoaded: boolean;
}

export function useEndpointNames(): EndpointNames {
  const { data, isSuccess } = useQuery(allEndpointsQuery(useAppId()));
  const byId = new Map(data?.map((endpoint) => [endpoint.id, endpoint]));
  return {
    endpoints: data ?? [],
    isLoaded: isSuccess,
    nameOf: (endpointId) => {
      const found = byId.get(endpointId);
      return found === undefined ? endpointId : endpointName(found);
    },
  };
}
