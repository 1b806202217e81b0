/** The API keys of the environment, made and revoked. */
import {
  queryOptions,
  useMutation,
  type UseMutationResult,
  useQueryClient,
} from "@tanstack/react-query";
import { api } from "../../api/client.ts";
import type { ApiKeyCreatedOut, ApiKeyIn, ApiKeyOut } from "../../api/generated/paths.ts";
import { keys } from "../../api/keys.ts";

/** When a key was last used changes without anybody here doing anything. */
const ASK_MS = 15_000;
/** `lastUsedAt` is to the minute. */
const IN_USE_MS = 15 * 60_000;

export const apiKeysQuery = queryOptions({
  queryKey: keys.apiKeys(),
  queryFn: async ({ signal }) => (await api.get("/api/v1/api-key", { signal })).data,
  refetchInterval: ASK_MS,
});

export function isInUse({ lastUsedAt }: ApiKeyOut, now: number): boolean {
  return lastUsedAt !== null && now - Date.parse(lastUsedAt) < IN_USE_MS;
}

export function useCreateKey(
  onMade: (made: ApiKeyCreatedOut) => void,
): UseMutationResult<ApiKeyCreatedOut, Error, ApiKeyIn> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: ApiKeyIn) => api.post("/api/v1/api-key", { body }),
    onSuccess: onMade,
    onSettled: () => queries.invalidateQueries({ queryKey: keys.apiKeys() }),
    // The answer holds the key: it is not to be kept.
    gcTime: 0,
  });
}

export function useRevokeKey(onDone: () => void): UseMutationResult<unknown, Error, ApiKeyOut> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id }: ApiKeyOut) =>
      api.delete("/api/v1/api-key/{key_id}", { path: { key_id: id } }),
    onSuccess: onDone,
    onSettled: () => queries.invalidateQueries({ queryKey: keys.apiKeys() }),
  });
}
