/**
 * What changes is told by the server (server-sent events); one stream per page, shared. While there is
 * none, pages ask again every few seconds: `useRefetchInterval`.
 */
import { useEffect, useRef } from "react";
import { EventParser, type ServerEvent } from "../lib/sse.ts";
import { Store, useStore } from "../lib/store.ts";
import { ApiError } from "./api-error.ts";
import { currentEnvironment, isPortal } from "./caller.ts";
import { fetchApi } from "./client.ts";

/** `gap`: more happened than could be told; whatever is shown may be old. */
export type LiveTopic = "attempt" | "message" | "endpoint" | "task" | "gap";

export interface LiveEvent {
  topic: LiveTopic;
  /** Small: ids, and what a row shows. */
  data: Record<string, unknown>;
}

export type LiveStatus = "connecting" | "live" | "polling";

const POLL_MS = 3_000;
const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 30_000;
/** Heartbeats come every 15 s; a stream silent for longer is dead. */
const SILENCE_MS_MAX = 40_000;

const status = new Store<LiveStatus>("connecting");
const handlers = new Set<(event: LiveEvent) => void>();

export function useLiveStatus(): LiveStatus {
  return useStore(status);
}

/** For queries: no polling while the stream is there. */
export function useRefetchInterval(pollMs = POLL_MS): number | false {
  return useStore(status) === "live" ? false : pollMs;
}

/** Calls `handle` with each event of the application while the component is mounted. */
export function useLive(handle: (event: LiveEvent) => void): void {
  const latest = useRef(handle);
  useEffect(() => {
    latest.current = handle;
  });
  useEffect(() => {
    const listener = (event: LiveEvent): void => latest.current(event);
    handlers.add(listener);
    return () => void handlers.delete(listener);
  }, []);
}

function tell({ event, data }: ServerEvent): void {
  let parsed: Record<string, unknown>;
  try {
    parsed = JSON.parse(data) as Record<string, unknown>;
  } catch {
    return;
  }
  for (const handler of handlers) handler({ topic: event as LiveTopic, data: parsed });
}

interface Resume {
  lastId?: string | undefined;
}

/** Reads until the stream ends. @throws when it cannot be opened, breaks or falls silent */
async function readStream(appId: string, resume: Resume, signal: AbortSignal): Promise<void> {
  const silence = new AbortController();
  let timer = window.setTimeout(() => silence.abort(), SILENCE_MS_MAX);
  const path = `/api/v1/app/${encodeURIComponent(appId)}/live`;
  // A token is of one environment already.
  const url = isPortal ? path : `${path}?environment=${currentEnvironment()}`;
  try {
    const response = await fetchApi(url, {
      method: "GET",
      headers: {
        accept: "text/event-stream",
        ...(resume.lastId !== undefined && { "last-event-id": resume.lastId }),
      },
      signal: AbortSignal.any([signal, silence.signal]),
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    const parser = new EventParser();
    status.set("live");
    for (;;) {
      const part = await reader?.read();
      if (part === undefined || part.done) return;
      window.clearTimeout(timer);
      timer = window.setTimeout(() => silence.abort(), SILENCE_MS_MAX);
      for (const event of parser.push(part.value)) {
        resume.lastId = event.id ?? resume.lastId;
        tell(event);
      }
    }
  } finally {
    window.clearTimeout(timer);
  }
}

const isFinal = (error: unknown): boolean =>
  error instanceof ApiError && (error.status === 401 || error.status === 404);

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = window.setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      window.clearTimeout(timer);
      resolve();
    });
  });
}

/** Not while nobody looks: a hidden page costs the server nothing. */
async function untilVisible(signal: AbortSignal): Promise<void> {
  while (document.visibilityState === "hidden" && !signal.aborted) {
    await new Promise((resolve) => {
      document.addEventListener("visibilitychange", resolve, { once: true, signal });
      signal.addEventListener("abort", resolve, { once: true });
    });
  }
}

async function follow(appId: string, signal: AbortSignal): Promise<void> {
  const resume: Resume = {};
  let retryMs = RETRY_MS_MIN;
  while (!signal.aborted) {
    await untilVisible(signal);
    const hidden = new AbortController();
    const hide = (): void => {
      if (document.visibilityState === "hidden") hidden.abort();
    };
    document.addEventListener("visibilitychange", hide);
    try {
      await readStream(appId, resume, AbortSignal.any([signal, hidden.signal]));
      retryMs = RETRY_MS_MIN;
    } catch (error) {
      if (isFinal(error)) {
        status.set("polling");
        return;
      }
    } finally {
      document.removeEventListener("visibilitychange", hide);
    }
    if (signal.aborted || hidden.signal.aborted) continue;
    status.set("polling");
    await pause(retryMs, signal);
    retryMs = Math.min(retryMs * 2, RETRY_MS_MAX);
  }
}

/** Mounted once, by the shell. */
export function useLiveStream(appId: string): void {
  useEffect(() => {
    const stopping = new AbortController();
    status.set("connecting");
    void follow(appId, stopping.signal);
    return () => stopping.abort();
  }, [appId]);
}
