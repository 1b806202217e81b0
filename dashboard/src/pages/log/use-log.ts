/** The state of the log: pages, what came since, and following what comes. */
import { useEffect, useRef, useState } from "react";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import type { DeliveryOut } from "../../api/generated/paths.ts";
import { keys } from "../../api/keys.ts";
import { type LiveEvent, useLive, useRefetchInterval } from "../../api/live.ts";
import { useAppId } from "../../router/place.ts";
import {
  brought,
  keyOf,
  type LiveAttempt,
  type LogPage,
  PAGE,
  readLogPage,
  unique,
} from "./deliveries.ts";
import type { LogSearch } from "./log-search.ts";

const NEWS_MS = 400;
/** Rows whose news are kept. */
const TOLD_MAX = 500;

export interface Log {
  rows: DeliveryOut[];
  /** Came since, and not shown yet. */
  fresh: number;
  showFresh: () => void;
  isLoading: boolean;
  error: Error | null;
  hasMore: boolean;
  isLoadingMore: boolean;
  loadMore: () => void;
  /** How far back an unfinished search has looked. */
  searchedTo: number | undefined;
}

/** Attempts told by the stream, by delivery. */
type Told = ReadonlyMap<string, readonly LiveAttempt[]>;

function withTold(told: Told, attempt: LiveAttempt): Told {
  const key = keyOf(attempt);
  const next = new Map(told);
  next.delete(key);
  next.set(key, [...(told.get(key) ?? []), attempt]);
  const [oldest] = next.keys();
  if (next.size > TOLD_MAX && oldest !== undefined) next.delete(oldest);
  return next;
}

/** @returns what brings a row up to date */
function useToldAttempts(onNews: () => void): (row: DeliveryOut) => DeliveryOut {
  const [told, setTold] = useState<Told>(new Map());
  const queries = useQueryClient();
  const appId = useAppId();
  useLive(({ topic, data }: LiveEvent) => {
    // The server's own event, as docs/webhook-api.md has it.
    if (topic === "attempt") setTold((now) => withTold(now, data as unknown as LiveAttempt));
    if (topic === "endpoint") {
      // What waited may be parked now, or the other way round.
      void queries.invalidateQueries({ queryKey: keys.deliveries(appId) });
    }
    if (topic === "attempt" || topic === "message") onNews();
  });
  return (row) => brought(row, told.get(keyOf(row)) ?? []);
}

/** Asks for the newest page: soon after news, and now and then while nothing tells of news. */
function useNewest(search: LogSearch, take: (newest: LogPage) => void): () => void {
  const appId = useAppId();
  const queries = useQueryClient();
  const timer = useRef<number>(undefined);
  const pollMs = useRefetchInterval();
  const read = async (): Promise<void> => {
    const newest = await queries.fetchQuery({
      queryKey: [...keys.deliveries(appId), "newest", search],
      queryFn: ({ signal }) => readLogPage({ appId, search, iterator: undefined, signal }),
      staleTime: 0,
    });
    take(newest);
  };
  const latest = useRef(read);
  useEffect(() => {
    latest.current = read;
  });
  // What could not be asked is asked with the next news.
  const ask = (): void => void latest.current().catch(() => undefined);
  useEffect(() => {
    if (pollMs === false) return undefined;
    const polling = window.setInterval(ask, pollMs);
    return () => window.clearInterval(polling);
  }, [pollMs]);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  return () => {
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(ask, NEWS_MS);
  };
}

interface Newer {
  /** Of the search that it is about. */
  id: string;
  shown: readonly DeliveryOut[];
  waiting: readonly DeliveryOut[];
}

/** Newest message first, as the server sorts: keys begin with the message's id. */
function merged(newer: readonly DeliveryOut[], old: readonly DeliveryOut[]): DeliveryOut[] {
  return unique([...newer, ...old]).sort((a, b) => (keyOf(a) < keyOf(b) ? 1 : -1));
}

/** @param follows whether to show what comes at once; otherwise it is counted and waits */
export function useLog(search: LogSearch, follows: () => boolean): Log {
  const appId = useAppId();
  const id = JSON.stringify(search);
  const pages = useInfiniteQuery({
    queryKey: [...keys.deliveries(appId), "log", search],
    queryFn: ({ pageParam, signal }) => readLogPage({ appId, search, iterator: pageParam, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
  });
  const old = pages.data?.pages.flatMap(({ rows }) => rows) ?? [];
  const oldest = pages.hasNextPage ? old.at(-1) : undefined;
  // Older rows come with their own page.
  const belongs = (row: DeliveryOut): boolean => oldest === undefined || keyOf(row) > keyOf(oldest);

  const [state, setState] = useState<Newer>({ id, shown: [], waiting: [] });
  const newer = state.id === id ? state : { id, shown: [], waiting: [] };
  const shown = merged(newer.shown, old);
  const known = new Set(shown.map(keyOf));
  const waiting = newer.waiting.filter((row) => !known.has(keyOf(row)));
  const show = (rows: readonly DeliveryOut[]): void => {
    // So much came that there may be a gap: begin anew.
    if (rows.length >= PAGE) void pages.refetch();
    setState({ id, shown: merged(rows, newer.shown), waiting: [] });
  };
  const take = (newest: LogPage): void => {
    const fresh = newest.rows.filter((row) => !known.has(keyOf(row)) && belongs(row));
    if (pages.data === undefined || fresh.length === 0) return;
    if (follows()) show(fresh);
    else setState({ id, shown: newer.shown, waiting: merged(fresh, waiting) });
  };
  const bring = useToldAttempts(useNewest(search, take));

  const last = pages.data?.pages.at(-1);
  return {
    rows: shown.map(bring),
    fresh: waiting.length,
    showFresh: () => show(waiting),
    isLoading: pages.data === undefined,
    error: pages.error,
    hasMore: pages.hasNextPage,
    isLoadingMore: pages.isFetchingNextPage,
    loadMore: () => void pages.fetchNextPage(),
    searchedTo: pages.hasNextPage && last?.rows.length === 0 ? last.searchedTo : undefined,
  };
}
