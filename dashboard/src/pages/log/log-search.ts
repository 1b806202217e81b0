/** The filters of the log, as they are in the address and as the server takes them. */
import type { Paths } from "../../api/generated/paths.ts";

export type LogQuery = Exclude<Paths["/api/v1/app/{app_id}/delivery"]["get"]["query"], undefined>;

/** Failing: what is being retried and what was given up. */
export const STATUS_FILTERS = [
  "failing",
  "exhausted",
  "backing_off",
  "waiting",
  "parked",
  "delivered",
  "canceled",
] as const;
export type StatusFilter = (typeof STATUS_FILTERS)[number];

export const OUTCOMES = [
  "2xx",
  "3xx",
  "4xx",
  "5xx",
  "timeout",
  "connection",
  "tls",
  "dns",
  "address",
  "other",
] as const;
export type Outcome = (typeof OUTCOMES)[number];

export const SPANS = ["hour", "day", "week", "custom"] as const;
export type Span = (typeof SPANS)[number];

const HOUR_MS = 3_600_000;
const SPAN_MS: Record<Exclude<Span, "custom">, number> = {
  hour: HOUR_MS,
  day: 24 * HOUR_MS,
  week: 168 * HOUR_MS,
};

export interface LogSearch {
  status?: StatusFilter | undefined;
  type?: string | undefined;
  endpoint?: string | undefined;
  outcome?: Outcome | undefined;
  /** An HTTP status, or an error code as `timeout`. */
  code?: string | undefined;
  span?: Span | undefined;
  /** Of a custom span. */
  from?: string | undefined;
  to?: string | undefined;
  /** Contained in the payload. */
  q?: string | undefined;
  slower?: number | undefined;
}

type Raw = Record<string, unknown>;

function oneOf<T extends string>(among: readonly T[], value: unknown): T | undefined {
  return among.find((one) => one === value);
}

function text(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value.slice(0, 256) : undefined;
}

function time(value: unknown): string | undefined {
  return typeof value === "string" && !Number.isNaN(Date.parse(value)) ? value : undefined;
}

export function readLogSearch(raw: Raw): LogSearch {
  const slower = Number(raw["slower"]);
  const read: LogSearch = {
    status: oneOf(STATUS_FILTERS, raw["status"]),
    type: text(raw["type"]),
    endpoint: text(raw["endpoint"]),
    outcome: oneOf(OUTCOMES, raw["outcome"]),
    code: text(raw["code"]),
    span: oneOf(SPANS, raw["span"]),
    from: time(raw["from"]),
    to: time(raw["to"]),
    q: text(raw["q"]),
    slower: Number.isInteger(slower) && slower > 0 ? slower : undefined,
  };
  // What is absent has no key: addresses stay short, and equal searches are equal.
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined));
}

export function isFiltered(search: LogSearch): boolean {
  return Object.keys(readLogSearch({ ...search })).length > 0;
}

function statuses(status: StatusFilter | undefined): LogQuery["status"] {
  if (status === undefined) return undefined;
  return status === "failing" ? ["backing_off", "exhausted"] : [status];
}

/** 503, or a word; anything else is searched for as it is, and the server says what is wrong. */
function codes(code: string | undefined): Pick<LogQuery, "status_code" | "error_code"> {
  if (code === undefined) return {};
  return /^\d+$/.test(code)
    ? { status_code: Number(code) }
    : { error_code: code.trim().toLowerCase().replaceAll(" ", "_") };
}

function times({ span, from, to }: LogSearch, now: number): Pick<LogQuery, "after" | "before"> {
  if (span === undefined) return {};
  if (span !== "custom") return { after: new Date(now - SPAN_MS[span]).toISOString() };
  return {
    ...(from !== undefined && { after: new Date(from).toISOString() }),
    ...(to !== undefined && { before: new Date(to).toISOString() }),
  };
}

export function toQuery(search: LogSearch, now: number): LogQuery {
  const { status, type, endpoint, outcome, code, q, slower } = search;
  return {
    status: statuses(status),
    event_types: type === undefined ? undefined : [type],
    endpoint_id: endpoint,
    outcome: outcome === undefined ? undefined : [outcome],
    ...codes(code),
    ...times(search, now),
    text: q,
    slower_than_ms: slower,
  };
}
