/** From an action to the message that tells of its end, and to what became of that at each endpoint. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { isOpen } from "../../api/batteries.ts";
import { api } from "../../api/client.ts";
import type {
  ActionOut,
  MessageAttemptOut,
  MessageEndpointOut,
  MessageOut,
} from "../../api/generated/paths.ts";
import { keys } from "../../api/keys.ts";
import { useLive, useRefetchInterval } from "../../api/live.ts";
import { usePlace } from "../../router/place.ts";

/** The message commits with the end of the action; its id is made some instants later at most. */
const BEFORE_MS = 100;
const AFTER_MS = 3_000;
const PAGE = 250;
const PAGES_MAX = 8;
const ATTEMPTS_MAX = 250;

/** Actions publish to the default application, whichever is looked at. */
export function useActionApp(): string {
  const { session, environment, appId } = usePlace();
  const here = session.environments.find(({ mode }) => mode === environment);
  return here?.defaultApplicationId ?? appId;
}

interface Wanted {
  appId: string;
  action: ActionOut;
  signal: AbortSignal;
}

/** @returns null when it is not kept any longer, or its payload was expunged */
async function findMessage({ appId, action, signal }: Wanted): Promise<MessageOut | null> {
  const at = Date.parse(action.updatedAt);
  const query = {
    event_types: [`push.${action.state}`],
    after: new Date(at - BEFORE_MS).toISOString(),
    before: new Date(at + AFTER_MS).toISOString(),
    limit: PAGE,
  };
  let iterator: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { data, ...rest } = await api.get("/api/v1/app/{app_id}/msg", {
      path: { app_id: appId },
      query: { ...query, iterator },
      signal,
    });
    const found = data.find(({ payload }) => payload["actionId"] === action.id);
    if (found !== undefined) return found;
    if (rest.done || rest.iterator === null) return null;
    ({ iterator } = rest);
  }
  return null;
}

/** Undefined: not yet; null: it is gone. */
export function useActionMessage(action: ActionOut | undefined): MessageOut | null | undefined {
  const appId = useActionApp();
  const { data } = useQuery({
    queryKey: [...keys.action(action?.id ?? ""), "message"],
    queryFn: async ({ signal }) =>
      action === undefined ? null : await findMessage({ appId, action, signal }),
    enabled: action !== undefined && !isOpen(action) && action.state !== "cancelled",
    // Once found it does not change.
    staleTime: Number.POSITIVE_INFINITY,
  });
  return data;
}

export interface Delivery {
  endpoint: MessageEndpointOut;
  /** Newest first. */
  attempts: MessageAttemptOut[];
}

async function readDeliveries(
  appId: string,
  messageId: string,
  signal: AbortSignal,
): Promise<Delivery[]> {
  const path = { app_id: appId, msg_id: messageId };
  const [endpoints, attempts] = await Promise.all([
    api.get("/api/v1/app/{app_id}/msg/{msg_id}/endpoint", { path, query: { limit: PAGE }, signal }),
    api.get("/api/v1/app/{app_id}/attempt/msg/{msg_id}", {
      path,
      query: { limit: ATTEMPTS_MAX, with_content: false },
      signal,
    }),
  ]);
  return endpoints.data.map((endpoint) => ({
    endpoint,
    attempts: attempts.data.filter(({ endpointId }) => endpointId === endpoint.id),
  }));
}

/** Kept current by the live stream, and by asking while there is none. */
export function useDeliveries(messageId: string | undefined): Delivery[] | undefined {
  const appId = useActionApp();
  const { appId: shownAppId } = usePlace();
  const queries = useQueryClient();
  const fallback = useRefetchInterval(2_000);
  const queryKey = [...keys.message(appId, messageId ?? ""), "deliveries"];
  const { data } = useQuery({
    queryKey,
    queryFn: async ({ signal }) => await readDeliveries(appId, messageId ?? "", signal),
    enabled: messageId !== undefined,
    // The stream is of the application that is looked at.
    refetchInterval: appId === shownAppId ? fallback : 2_000,
  });
  useLive(({ topic, data: told }) => {
    if (topic === "endpoint" || told["msgId"] === messageId) {
      void queries.invalidateQueries({ queryKey });
    }
  });
  return data;
}

export type DeliveryState = "waiting" | "delivered" | "retrying" | "exhausted" | "parked";

/** As it stands at one endpoint. */
export function stateOf({ endpoint, attempts }: Delivery): DeliveryState {
  if (endpoint.statusText === "success") return "delivered";
  if (endpoint.statusText === "fail" || endpoint.statusText === "canceled") return "exhausted";
  if (endpoint.disabled) return "parked";
  return attempts.length === 0 ? "waiting" : "retrying";
}
