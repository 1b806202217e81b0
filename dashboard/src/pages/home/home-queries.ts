/** What the overview asks. */
import { queryOptions } from "@tanstack/react-query";
import { api } from "../../api/client.ts";
import { keys } from "../../api/keys.ts";

const FAILURES_SHOWN = 8;

export const totalQuery = (appId: string) =>
  queryOptions({
    queryKey: [...keys.endpoints(appId), "total"],
    queryFn: ({ signal }) =>
      api.get("/api/v1/app/{app_id}/statistics/total", { path: { app_id: appId }, signal }),
  });

/** Whether anything was ever published. */
export const firstMessageQuery = (appId: string) =>
  queryOptions({
    queryKey: [...keys.messages(appId), "first"],
    queryFn: async ({ signal }) => {
      const answer = await api.get("/api/v1/app/{app_id}/msg", {
        path: { app_id: appId },
        query: { limit: 1, with_content: false },
        signal,
      });
      return answer.data[0] ?? null;
    },
  });

/** Attempts that failed for good, and those that are tried again, newest first. */
export const failuresQuery = (appId: string) =>
  queryOptions({
    queryKey: [...keys.deliveries(appId), "failures"],
    queryFn: async ({ signal }) => {
      const of = (status: 2 | 3) =>
        api.get("/api/v1/app/{app_id}/attempt", {
          path: { app_id: appId },
          query: { status, limit: FAILURES_SHOWN, with_msg: true },
          signal,
        });
      const [final, retried] = await Promise.all([of(2), of(3)]);
      return [...final.data, ...retried.data]
        .toSorted((a, b) => (a.id < b.id ? 1 : -1))
        .slice(0, FAILURES_SHOWN);
    },
  });
