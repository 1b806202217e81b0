/**
 * How long an endpoint may do nothing but fail: then the next failure disables it (`contract.md` §6). Who runs it
 * is warned before, by the time alone, so that an endpoint with little to do does not end without a word.
 */
import type { UnixMs } from "./types.ts";

export const FAILING_MS_MAX = 5 * 24 * 3_600_000;
/** After a fifth, three fifths and nine tenths of that time. */
export const WARNINGS_MS: readonly number[] = [1 / 5, 3 / 5, 9 / 10].map(
  (share) => share * FAILING_MS_MAX,
);

/** The first failure from then on disables the endpoint. */
export function disablesAt(failingSince: UnixMs): UnixMs {
  return failingSince + FAILING_MS_MAX;
}

/** Which warning is the last one due, counted from 1; 0: none yet. */
export function warningsDue(failingSince: UnixMs, now: UnixMs): number {
  return WARNINGS_MS.filter((afterMs) => failingSince + afterMs <= now).length;
}
