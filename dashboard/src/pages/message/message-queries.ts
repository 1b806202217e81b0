/** What the page of a message asks. */
import { queryOptions } from "@tanstack/react-query";
import { ApiError } from "../../api/api-error.ts";
import { api, fetchApi } from "../../api/client.ts";
import { keys } from "../../api/keys.ts";

const ROWS_MAX = 250;

export const messageQuery = (appId: string, messageId: string) =>
  queryOptions({
    queryKey: [...keys.message(appId, messageId), "message"],
    queryFn: ({ signal }) =>
      api.get("/api/v1/app/{app_id}/msg/{msg_id}", {
        path: { app_id: appId, msg_id: messageId },
        query: { with_content: false },
        signal,
      }),
  });

/** The bytes as they are signed and sent; null: removed. Parsed JSON would lose how it is written. */
export const payloadQuery = (appId: string, messageId: string) =>
  queryOptions({
    queryKey: [...keys.message(appId, messageId), "payload"],
    queryFn: async ({ signal }): Promise<string | null> => {
      const path = `/api/v1/app/${encodeURIComponent(appId)}/msg/${encodeURIComponent(messageId)}/raw`;
      try {
        return await (await fetchApi(path, { method: "GET", signal })).text();
      } catch (error) {
        if (error instanceof ApiError && error.code === "missing_payload") return null;
        throw error;
      }
    },
    staleTime: Number.POSITIVE_INFINITY,
  });

export const destinationsQuery = (appId: string, messageId: string) =>
  queryOptions({
    queryKey: [...keys.message(appId, messageId), "destinations"],
    queryFn: ({ signal }) =>
      api.get("/api/v1/app/{app_id}/msg/{msg_id}/endpoint", {
        path: { app_id: appId, msg_id: messageId },
        query: { limit: ROWS_MAX, expanded_statuses: true },
        signal,
      }),
  });

export const attemptsQuery = (appId: string, messageId: string) =>
  queryOptions({
    queryKey: [...keys.message(appId, messageId), "attempts"],
    queryFn: ({ signal }) =>
      api.get("/api/v1/app/{app_id}/attempt/msg/{msg_id}", {
        path: { app_id: appId, msg_id: messageId },
        query: { limit: ROWS_MAX, expanded_statuses: true, with_content: false },
        signal,
      }),
  });

interface AttemptKey {
  appId: string;
  messageId: string;
  attemptId: string;
}

export const attemptQuery = ({ appId, messageId, attemptId }: AttemptKey) =>
  queryOptions({
    queryKey: [...keys.message(appId, messageId), "attempt", attemptId],
    queryFn: ({ signal }) =>
      api.get("/api/v1/app/{app_id}/msg/{msg_id}/attempt/{attempt_id}", {
        path: { app_id: appId, msg_id: messageId, attempt_id: attemptId },
        query: { expanded_statuses: true },
        signal,
      }),
  });

export const headersQuery = ({ appId, messageId, attemptId }: AttemptKey) =>
  queryOptions({
    queryKey: [...keys.message(appId, messageId), "headers", attemptId],
    queryFn: ({ signal }) =>
      api.get("/api/v1/app/{app_id}/msg/{msg_id}/attempt/{attempt_id}/headers", {
        path: { app_id: appId, msg_id: messageId, attempt_id: attemptId },
        signal,
      }),
  });
