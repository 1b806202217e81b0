/** The rows of the log: pages of what was, what is new, and what live events tell of rows already shown. */
import type { DeliveryOut } from "../../api/generated/paths.ts";
import { api } from "../../api/client.ts";
import { timeOfId } from "../../lib/id-time.ts";
import { type LogSearch, toQuery } from "./log-search.ts";

export const PAGE = 50;
/** A search for something rare goes on by itself so often, then asks. */
const EMPTY_ANSWERS_MAX = 6;

export interface LogPage {
  rows: DeliveryOut[];
  /** Where to go on; undefined: at the end. */
  next: string | undefined;
  /** How far back was looked. */
  searchedTo: number | undefined;
}

export interface PageRequest {
  appId: string;
  search: LogSearch;
  iterator: string | undefined;
  signal: AbortSignal;
}

export async function readLogPage(request: PageRequest): Promise<LogPage> {
  const { appId, search, signal } = request;
  let { iterator } = request;
  const query = toQuery(search, Date.now());
  for (let asked = 1; ; asked += 1) {
    const answer = await api.get("/api/v1/app/{app_id}/delivery", {
      path: { app_id: appId },
      query: { ...query, limit: PAGE, iterator },
      signal,
    });
    iterator = answer.iterator ?? undefined;
    const next = answer.done ? undefined : iterator;
    if (answer.data.length > 0 || next === undefined || asked >= EMPTY_ANSWERS_MAX) {
      const searchedTo = next === undefined ? undefined : timeOfId(next);
      return { rows: answer.data, next, searchedTo };
    }
  }
}

export const keyOf = ({ msgId, endpointId }: Pick<DeliveryOut, "msgId" | "endpointId">): string =>
  `${msgId}.${endpointId}`;

/** What the live stream tells of an attempt. */
export interface LiveAttempt {
  id: string;
  msgId: string;
  endpointId: string;
  status: "success" | "sending" | "fail" | "canceled";
  triggerType: 0 | 1;
  responseStatusCode: number;
  responseDurationMs: number;
  errorCode: string | null;
  timestamp: string;
  nextAttempt: string | null;
}

const STATUS_AFTER: Record<LiveAttempt["status"], DeliveryOut["status"]> = {
  success: "delivered",
  sending: "backing_off",
  fail: "exhausted",
  canceled: "canceled",
};

/** Ids begin with their time, so later attempts have greater ones. */
function isNews(row: DeliveryOut, attempt: LiveAttempt): boolean {
  return row.lastAttempt === null || attempt.id > row.lastAttempt.id;
}

function withAttempt(row: DeliveryOut, attempt: LiveAttempt): DeliveryOut {
  const { status, nextAttempt, triggerType, ...rest } = attempt;
  // A failed resend of what was delivered, or is still tried, changes neither.
  const keeps = triggerType === 1 && status !== "success" && row.status !== "exhausted";
  return {
    ...row,
    status: keeps ? row.status : STATUS_AFTER[status],
    attempts: row.attempts + 1,
    nextAttempt: keeps ? row.nextAttempt : nextAttempt,
    waitingFor: keeps ? row.waitingFor : nextAttempt === null ? null : "retry",
    lastAttempt: {
      id: rest.id,
      timestamp: rest.timestamp,
      responseStatusCode: rest.responseStatusCode,
      responseDurationMs: rest.responseDurationMs,
      errorCode: rest.errorCode,
      errorMessage: null,
      triggerType,
    },
  };
}

/** The row as it is after the attempts that it does not know yet. */
export function brought(row: DeliveryOut, attempts: readonly LiveAttempt[]): DeliveryOut {
  return attempts.reduce((now, one) => (isNews(now, one) ? withAttempt(now, one) : now), row);
}

/** Each delivery once; the first that is given wins. */
export function unique(rows: readonly DeliveryOut[]): DeliveryOut[] {
  const seen = new Set<string>();
  return rows.filter((row) => {
    const key = keyOf(row);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
