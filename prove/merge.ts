/** Several series of one experiment, run at the same time, as one outcome. */
import type { Outcome } from "./experiment.ts";

export async function merge(series: Record<string, Promise<Outcome>>): Promise<Outcome> {
  // All are awaited, so that none fails unheard while another still runs.
  const settled = await Promise.allSettled(Object.values(series));
  const failed = settled.find((each) => each.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  const merged: Outcome = { counts: {}, measures: {}, checks: [] };
  for (const [name, promise] of Object.entries(series)) {
    const outcome = await promise;
    for (const [key, count] of Object.entries(outcome.counts)) {
      merged.counts[key] = (merged.counts[key] ?? 0) + count;
    }
    for (const [key, value] of Object.entries(outcome.measures)) {
      merged.measures[`${name}: ${key}`] = value;
    }
    for (const each of outcome.checks) {
      merged.checks.push({ ...each, name: `${name}: ${each.name}` });
    }
  }
  return merged;
}
