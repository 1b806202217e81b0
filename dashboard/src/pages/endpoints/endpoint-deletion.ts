/** Deleting an endpoint while its page is open, and keeps asking about it. */
import { useIsMutating, useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api } from "../../api/client.ts";
import type { EndpointOut } from "../../api/generated/paths.ts";
import { keys } from "../../api/keys.ts";
import { endpointName } from "../../components/endpoint-name.tsx";
import { toast } from "../../lib/toasts.ts";
import { useAppId } from "../../router/place.ts";

const deletionKey = (appId: string, endpointId: string) =>
  [...keys.endpoint(appId, endpointId), "deletion"] as const;

/** Deletes it and leaves its page, in one: it counts as under way until the page is left. */
export function useDeleteEndpoint(endpoint: EndpointOut) {
  const appId = useAppId();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const queryKey = keys.endpoint(appId, endpoint.id);
  return useMutation({
    mutationKey: deletionKey(appId, endpoint.id),
    mutationFn: async () => {
      await queries.cancelQueries({ queryKey });
      return api.delete("/api/v1/app/{app_id}/endpoint/{endpoint_id}", {
        path: { app_id: appId, endpoint_id: endpoint.id },
      });
    },
    onSuccess: async () => {
      toast({ tone: "good", title: `${endpointName(endpoint)} is deleted` });
      await navigate({ to: "/endpoints" });
      queries.removeQueries({ queryKey });
      await queries.invalidateQueries({ queryKey: keys.endpoints(appId) });
    },
  });
}

/**
 * `enabled` of what an endpoint's page asks about it: nothing once its deletion has begun, which would be answered
 * 404 until the page is left. Refused, it is asked again.
 */
export function useNotDeleting(endpointId: string): () => boolean {
  const queries = useQueryClient();
  const filter = { mutationKey: deletionKey(useAppId(), endpointId) };
  // Ends polling. Live events may come before the page is drawn again: the function tells at once.
  useIsMutating(filter);
  return () => queries.isMutating(filter) === 0;
}
