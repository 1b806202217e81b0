/** What the addresses of the actions' pages carry. */
import type { ActionOut } from "../../api/generated/paths.ts";

export type ActionState = ActionOut["state"];

/** No battery takes a time to start at yet, so none is ever scheduled or cancelled. */
export const SHOWN_STATES = ["acknowledged", "completed", "failed"] as const;

const SPANS = { hour: 3_600_000, day: 86_400_000, week: 604_800_000 } as const;
export type Span = keyof typeof SPANS;
export const SPAN_WORDS: Record<Span, string> = {
  hour: "Last hour",
  day: "Last 24 hours",
  week: "Last 7 days",
};

export interface ActionsSearch {
  device?: string | undefined;
  state?: ActionState | undefined;
  since?: Span | undefined;
}

const isSpan = (value: unknown): value is Span =>
  typeof value === "string" && Object.hasOwn(SPANS, value);

export function readActionsSearch({
  device,
  state,
  since,
}: Record<string, unknown>): ActionsSearch {
  const known = SHOWN_STATES.find((one) => one === state);
  return {
    ...(typeof device === "string" && { device }),
    ...(known !== undefined && { state: known }),
    ...(isSpan(since) && { since }),
  };
}

const MINUTE_MS = 60_000;

/** The start of the span, to the minute: a filter that is the same for a while is asked for once. */
export function startOf(span: Span, now: number): string {
  return new Date(Math.floor((now - SPANS[span]) / MINUTE_MS) * MINUTE_MS).toISOString();
}

export interface NewActionSearch {
  device?: string | undefined;
}

export function readNewActionSearch({ device }: Record<string, unknown>): NewActionSearch {
  return typeof device === "string" ? { device } : {};
}
