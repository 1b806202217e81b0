/** The catalogue with what is archived, who listens to what of it, and what changes it. */
import {
  queryOptions,
  useMutation,
  type UseMutationResult,
  useQueryClient,
} from "@tanstack/react-query";
import { isPortal } from "../../api/caller.ts";
import { api } from "../../api/client.ts";
import type {
  EndpointOut,
  EventTypeIn,
  EventTypeOut,
  EventTypePatch,
} from "../../api/generated/paths.ts";
import { keys } from "../../api/keys.ts";

const PAGE = 250;
const PAGES_MAX = 20;

interface Page<T> {
  data: T[];
  done: boolean;
  iterator: string | null;
}

async function readAll<T>(read: (iterator: string | undefined) => Promise<Page<T>>): Promise<T[]> {
  const found: T[] = [];
  let iterator: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await read(iterator);
    found.push(...answer.data);
    if (answer.done || answer.iterator === null) break;
    iterator = answer.iterator;
  }
  return found;
}

export const eventTypeListQuery = queryOptions({
  queryKey: [...keys.eventTypes(), "list"],
  queryFn: ({ signal }) =>
    readAll((iterator) => {
      const query = { limit: PAGE, with_content: true, include_archived: !isPortal, iterator };
      return api.get("/api/v1/event-type", { query, signal });
    }),
});

export const eventTypeQuery = (name: string) =>
  queryOptions({
    queryKey: [...keys.eventTypes(), "one", name],
    queryFn: ({ signal }) =>
      api.get("/api/v1/event-type/{event_type_name}", {
        path: { event_type_name: name },
        signal,
      }),
  });

export const allEndpointsQuery = (appId: string) =>
  queryOptions({
    queryKey: [...keys.endpoints(appId), "all"],
    queryFn: ({ signal }) =>
      readAll((iterator) =>
        api.get("/api/v1/app/{app_id}/endpoint", {
          path: { app_id: appId },
          query: { limit: PAGE, iterator },
          signal,
        }),
      ),
  });

/** Without a choice an endpoint takes every type. */
export function listensTo({ eventTypes }: EndpointOut, name: string): boolean {
  return eventTypes === null || eventTypes.length === 0 || eventTypes.includes(name);
}

export type EventTypeChange =
  | { kind: "create"; body: EventTypeIn }
  | { kind: "patch"; name: string; body: EventTypePatch };

export function useChangeEventType(
  onDone: (changed: EventTypeOut) => void,
): UseMutationResult<EventTypeOut, Error, EventTypeChange> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (change: EventTypeChange) =>
      change.kind === "create"
        ? api.post("/api/v1/event-type", { body: change.body })
        : api.patch("/api/v1/event-type/{event_type_name}", {
            path: { event_type_name: change.name },
            body: change.body,
          }),
    onSuccess: onDone,
    onSettled: () => queries.invalidateQueries({ queryKey: keys.eventTypes() }),
  });
}
