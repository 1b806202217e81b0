/** What a simulation found, for people. */
import { isFound, type Mutant } from "./mutants.ts";
import type { Report } from "./simulate.ts";

const HOUR_MS = 3_600_000;

export function commandFor(seed: number): string {
  return `npm run simulate -- --rounds 1 --seed ${seed}`;
}

/** One line each: what was run, what the ledger counted, and the verdict. */
export function formatReport({ rounds, seed, counts, replayed, failed }: Report): string {
  const rows: [string, string | number][] = [
    ["rounds", rounds],
    ["seeds", `${seed} to ${seed + rounds - 1}`],
    ["run twice", `${replayed}, each with the same trace`],
    ["steps", counts.steps],
    ["simulated", `${(counts.simulatedMs / HOUR_MS).toFixed(1)} hours, ${counts.nodes} processes`],
    ["faults", counts.faults],
    ["messages", counts.messages],
    ["deliveries", counts.deliveries],
    ["requests", counts.sends],
    ["attempts stored", counts.attempts],
    ["verdict", failed === undefined ? "every rule held" : "FAILED"],
  ];
  const lines = rows.map(([name, value]) => `${name.padEnd(16)} ${value}`);
  if (failed?.failure !== undefined) {
    const { rule, message, trace } = failed.failure;
    lines.push("", `Broken: ${rule}`, message, "", "The last steps:", ...trace);
    lines.push("", `Run it again: ${commandFor(failed.seed)}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Whether and how a planted bug was found. */
export function formatMutant({ bug }: Mutant, report: Report): string {
  const { rounds, failed } = report;
  const how = isFound(report)
    ? `seed ${failed?.seed}: ${failed?.failure?.rule}`
    : `NOT FOUND in ${rounds} rounds ${failed?.failure?.message ?? ""}`;
  return `${bug.padEnd(64)} ${how}`;
}
