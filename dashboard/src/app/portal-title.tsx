/** Whose webhooks these are: a portal is of one application, and of a provider's own site. */
import type { ReactNode } from "react";
import { useQuery } from "@tanstack/react-query";
import { api } from "../api/client.ts";
import { keys } from "../api/keys.ts";
import { useAppId } from "../router/place.ts";
import { Skeleton } from "../ui/skeleton.tsx";

export function PortalTitle(): ReactNode {
  const appId = useAppId();
  const { data } = useQuery({
    queryKey: [...keys.app(appId), "itself"],
    queryFn: ({ signal }) => api.get("/api/v1/app/{app_id}", { path: { app_id: appId }, signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <span className="flex min-w-0 flex-col justify-center">
      <span className="text-2xs font-medium tracking-wide text-faint uppercase">Webhooks</span>
      {data === undefined ? (
        <Skeleton className="h-4 w-28" />
      ) : (
        <span className="truncate text-base font-semibold tracking-tight">{data.name}</span>
      )}
    </span>
  );
}
