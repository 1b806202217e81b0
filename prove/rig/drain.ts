/** After the last fault: waits until nothing is owed, then gathers the evidence and has it judged. */
import type { Outcome } from "../experiment.ts";
import { tryForgeries } from "../forgeries.ts";
import { type Cut, type Evidence, judge } from "../oracle.ts";
import type { Ledger } from "./ledger.ts";
import { type Observer, until } from "./observer.ts";

const DRAIN_MS_MAX = 90_000;

export interface DrainOptions {
  ledger: Ledger;
  observer: Observer;
  cuts: readonly Cut[];
  timeoutMs?: number;
  /** Messages to look at; the others are another part's. */
  only?: ReadonlySet<string>;
}

/** A queue that does not drain in time is no error here: the judge says what is owed. */
export async function drain(options: DrainOptions): Promise<Evidence> {
  const { ledger, observer, cuts, only, timeoutMs = DRAIN_MS_MAX } = options;
  const counts = (messageId: string): boolean => only?.has(messageId) ?? true;
  const owed = async (): Promise<string[]> => (await observer.owed()).filter(counts);
  const drained = async (): Promise<boolean> => (await owed()).length === 0;
  await until("nothing is owed", drained, { timeoutMs, pollMs: 100 }).catch(() => undefined);
  const attempts = await observer.attempts();
  return {
    accepted: ledger.accepted,
    receipts: ledger.receipts.filter(({ messageId }) => counts(messageId)),
    attempts: attempts.filter(({ messageId }) => counts(messageId)),
    stored: await observer.stored(),
    owed: await owed(),
    cuts,
  };
}

export async function conclude(options: DrainOptions): Promise<Outcome> {
  const evidence = await drain(options);
  const { counts, checks } = judge(evidence);
  const delays = options.ledger.delays();
  const measures = { "202 to arrival": describe(delays) };
  return { counts, measures, checks: [...checks, tryForgeries(evidence)] };
}

export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

/** Median, p99 and maximum in milliseconds. */
export function describe(valuesMs: readonly number[]): string {
  if (valuesMs.length === 0) return "none";
  const at = (part: number): string => `${Math.round(quantile(valuesMs, part))} ms`;
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)}`;
}
