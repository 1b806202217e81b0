/** Issues, the attempt that shows one, and what is done about them. */
import {
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  type UseMutationResult,
  useQueryClient,
} from "@tanstack/react-query";
import { inWords } from "../../api/api-error.ts";
import { api } from "../../api/client.ts";
import type { IssueDetailOut, IssueOut, IssueResolvedOut } from "../../api/generated/paths.ts";
import { keys } from "../../api/keys.ts";
import { toast } from "../../lib/toasts.ts";
import { useAppId } from "../../router/place.ts";
import type { IssuesSearch } from "./issue-search.ts";

const PAGE = 50;
/** They are counted in the background, some seconds behind the attempts. */
export const ASK_MS = 5_000;

export const issueListQuery = (appId: string, { state = "open", endpoint }: IssuesSearch) =>
  infiniteQueryOptions({
    queryKey: [...keys.issues(appId), "list", state, endpoint ?? ""],
    queryFn: ({ pageParam, signal }) =>
      api.get("/api/v1/app/{app_id}/issue", {
        path: { app_id: appId },
        query: {
          limit: PAGE,
          iterator: pageParam,
          ...(state !== "all" && { state: [state] }),
          endpoint_id: endpoint,
        },
        signal,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ done, iterator }) => (done ? undefined : (iterator ?? undefined)),
    refetchInterval: ASK_MS,
  });

export const issueQuery = (appId: string, issueId: string) =>
  queryOptions({
    queryKey: [...keys.issues(appId), "one", issueId],
    queryFn: ({ signal }) =>
      api.get("/api/v1/app/{app_id}/issue/{issue_id}", {
        path: { app_id: appId, issue_id: issueId },
        signal,
      }),
    refetchInterval: ASK_MS,
  });

/** The last attempt that failed so; gone when it is older than what is kept. */
export const sampleQuery = (appId: string, { lastMsgId, lastAttemptId }: IssueOut) =>
  queryOptions({
    queryKey: [...keys.message(appId, lastMsgId), "attempt", lastAttemptId],
    queryFn: ({ signal }) =>
      api.get("/api/v1/app/{app_id}/msg/{msg_id}/attempt/{attempt_id}", {
        path: { app_id: appId, msg_id: lastMsgId, attempt_id: lastAttemptId },
        signal,
      }),
    // An attempt never changes.
    staleTime: Number.POSITIVE_INFINITY,
  });

function usePath({ id }: IssueDetailOut | IssueOut) {
  return { app_id: useAppId(), issue_id: id };
}

export function useAcknowledge(issue: IssueOut): UseMutationResult<IssueOut, Error, void> {
  const path = usePath(issue);
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => api.post("/api/v1/app/{app_id}/issue/{issue_id}/acknowledge", { path }),
    onSuccess: () =>
      toast({
        tone: "good",
        title: "Acknowledged",
        detail: "It stays so while it goes on, and counts as open no more.",
      }),
    onError: (error) => toast({ tone: "bad", ...inWords(error) }),
    onSettled: () => queries.invalidateQueries({ queryKey: keys.issues(path.app_id) }),
  });
}

export function useResolve(
  issue: IssueOut,
  onDone: (resolved: IssueResolvedOut) => void,
): UseMutationResult<IssueResolvedOut, Error, boolean> {
  const path = usePath(issue);
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (resend: boolean) =>
      api.post("/api/v1/app/{app_id}/issue/{issue_id}/resolve", { path, body: { resend } }),
    onSuccess: onDone,
    onSettled: () => queries.invalidateQueries({ queryKey: keys.issues(path.app_id) }),
  });
}
