/** An endpoint while somebody writes it. */
import type { EndpointIn, EndpointOut, EndpointPatch } from "../../api/generated/paths.ts";

export interface EndpointDraft {
  url: string;
  description: string;
  eventTypes: string[] | null;
  /** Per second; empty: unlimited. */
  rate: string;
  retry: string | null;
}

export interface HeaderRow {
  /** Stays while it is edited. */
  key: number;
  name: string;
  value: string;
  /** Stored, and not shown again. */
  sealed: boolean;
}

let lastKey = 0;

export function headerRow(name = "", value = "", sealed = false): HeaderRow {
  lastKey += 1;
  return { key: lastKey, name, value, sealed };
}

/** `5s, 5m 2h` as a list; null: the server's schedule. */
export function parseRetry(text: string | null): string[] | null {
  return text === null ? null : text.split(/[\s,]+/).filter((part) => part !== "");
}

export const EMPTY_DRAFT: EndpointDraft = {
  url: "",
  description: "",
  eventTypes: null,
  rate: "",
  retry: null,
};

export function draftOf(endpoint: EndpointOut): EndpointDraft {
  const { url, description, eventTypes, throttleRate, retrySchedule } = endpoint;
  return {
    url,
    description,
    eventTypes,
    rate: throttleRate === null ? "" : String(throttleRate),
    retry: retrySchedule === null ? null : retrySchedule.join(", "),
  };
}

/** What is wrong before the server is asked. */
export function problemOf(
  draft: EndpointDraft,
): { field: keyof EndpointDraft; says: string } | undefined {
  if (draft.eventTypes?.length === 0) {
    return { field: "eventTypes", says: "Choose at least one event, or all." };
  }
  if (draft.rate !== "" && !/^[1-9]\d{0,6}$/.test(draft.rate)) {
    return { field: "rate", says: "A whole number from 1 on, or nothing." };
  }
  return undefined;
}

export function bodyOf(draft: EndpointDraft): EndpointPatch & { url: string } {
  return {
    url: draft.url.trim(),
    description: draft.description.trim(),
    eventTypes: draft.eventTypes,
    throttleRate: draft.rate === "" ? null : Number(draft.rate),
    retrySchedule: parseRetry(draft.retry),
  };
}

export function newEndpoint(draft: EndpointDraft, headers: readonly HeaderRow[]): EndpointIn {
  const named = headers.filter(({ name }) => name.trim() !== "");
  const entries = named.map(({ name, value }) => [name.trim(), value] as const);
  return { ...bodyOf(draft), headers: entries.length === 0 ? null : Object.fromEntries(entries) };
}

/** Rows of what is stored. */
export function headerRows(stored: {
  headers: Record<string, string>;
  sensitive: string[];
}): HeaderRow[] {
  const shown = Object.entries(stored.headers).map(([name, value]) => headerRow(name, value));
  return [...shown, ...stored.sensitive.map((name) => headerRow(name, "", true))];
}

/** What must change so that the stored headers become these; sealed ones without a value stay. */
export function headerChanges(
  before: { headers: Record<string, string>; sensitive: string[] },
  rows: readonly HeaderRow[],
): { headers: Record<string, string>; deleteHeaders: string[] } {
  const named = rows.filter(({ name }) => name.trim() !== "");
  const kept = new Set(named.map(({ name }) => name.trim().toLowerCase()));
  const names = [...Object.keys(before.headers), ...before.sensitive];
  const set = named.filter(({ sealed, value }) => !(sealed && value === ""));
  return {
    headers: Object.fromEntries(set.map(({ name, value }) => [name.trim(), value])),
    deleteHeaders: names.filter((name) => !kept.has(name.toLowerCase())),
  };
}
