/** Batteries and actions, asked for again while somebody looks: their side of the API tells nothing by itself. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { noteReading } from "../lib/readings.ts";
import { api } from "./client.ts";
import type { ActionOut, BatteryOut } from "./generated/paths.ts";
import { keys } from "./keys.ts";

/** Of batteries. Only while the page is visible: hidden ones are not asked. */
export const BATTERY_POLL_MS = 2_000;
/** Of an action that goes on. */
const ACTION_POLL_MS = 1_000;
const DEVICES_PAGE = 60;
const ACTIONS_PAGE = 50;

function note({ id, state }: BatteryOut): void {
  if (state === null) return;
  noteReading(id, {
    at: Date.parse(state.observedAt),
    socPercent: state.soc.value,
    powerKw: state.power.value,
  });
}

export function batteriesQuery(pollMs: number | false = BATTERY_POLL_MS) {
  return infiniteQueryOptions({
    queryKey: [...keys.devices(), "list"],
    queryFn: async ({ pageParam: offset, signal }) => {
      const { data, meta } = await api.get("/battery", {
        query: { offset, limit: DEVICES_PAGE },
        signal,
      });
      for (const battery of data) note(battery);
      return { batteries: data, ...meta.pagination };
    },
    initialPageParam: 0,
    getNextPageParam: ({ offset, limit, hasMore }) => (hasMore ? offset + limit : undefined),
    refetchInterval: pollMs,
  });
}

export function batteryQuery(deviceId: string, pollMs: number | false = BATTERY_POLL_MS) {
  return queryOptions({
    queryKey: keys.device(deviceId),
    queryFn: async ({ signal }) => {
      const { data } = await api.get("/battery/{deviceId}", { path: { deviceId }, signal });
      note(data);
      return data;
    },
    refetchInterval: pollMs,
  });
}

export interface ActionFilter {
  deviceId?: string | undefined;
  state?: ActionOut["state"] | undefined;
  /** RFC 3339. */
  after?: string | undefined;
  before?: string | undefined;
}

export function actionsQuery(filter: ActionFilter) {
  return infiniteQueryOptions({
    queryKey: [...keys.actions(), "list", filter],
    queryFn: async ({ pageParam: offset, signal }) => {
      const query = { ...filter, offset, limit: ACTIONS_PAGE };
      const { data, meta } = await api.get("/actions", { query, signal });
      return { actions: data, ...meta.pagination };
    },
    initialPageParam: 0,
    getNextPageParam: ({ offset, limit, hasMore }) => (hasMore ? offset + limit : undefined),
    refetchInterval: BATTERY_POLL_MS,
    // Another filter takes the rows' place when its own are there.
    placeholderData: keepPreviousData,
  });
}

export function isOpen({ state }: Pick<ActionOut, "state">): boolean {
  return state === "scheduled" || state === "acknowledged";
}

export function actionQuery(actionId: string) {
  return queryOptions({
    queryKey: keys.action(actionId),
    queryFn: async ({ signal }) =>
      (await api.get("/actions/{actionId}", { path: { actionId }, signal })).data,
    // What has ended never changes again.
    refetchInterval: ({ state: { data } }) =>
      data !== undefined && !isOpen(data) ? false : ACTION_POLL_MS,
  });
}
