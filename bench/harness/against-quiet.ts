/**
 * How long some wait while others make trouble, against the same without the trouble: both in each
 * run, in turn. A ratio of medians: the p99 of a single run moves too much.
 */
import type { Fields, Outcome, Row } from "../benchmark.ts";
import { tidily } from "./cleanup.ts";
import { median, percentile } from "./statistics.ts";

export interface AgainstQuiet {
  field: string;
  runs: number;
  labels: { quiet: string; troubled: string };
  progress: (what: string) => void;
  /** @returns milliseconds from each publisher's request to its receiver */
  measure: (troubled: boolean) => Promise<number[]>;
}

export async function againstQuiet(options: AgainstQuiet): Promise<Outcome> {
  const { field, labels, progress, measure, runs } = options;
  const waits = { quiet: [] as number[][], troubled: [] as number[][] };
  for (let run = 1; run <= runs; run += 1) {
    for (const side of ["quiet", "troubled"] as const) {
      progress(`run ${run} of ${runs}: ${labels[side]}`);
      waits[side].push(await tidily(() => measure(side === "troubled")));
    }
  }
  const over = (share: number, side: keyof typeof waits): number[] =>
    waits[side].map((values) => percentile(values, share));
  const rows: Row[] = [];
  const fields: Fields = {
    [field]: median(over(0.99, "troubled")) / median(over(0.99, "quiet")),
  };
  for (const side of ["quiet", "troubled"] as const) {
    for (const [name, share] of [
      ["p50", 0.5],
      ["p99", 0.99],
    ] as const) {
      const runsOf = over(share, side);
      rows.push({ label: `${labels[side]} ${name}`, value: median(runsOf), unit: "ms" });
      fields[`${side}${name.toUpperCase()}Ms`] = median(runsOf);
      if (name === "p99") fields[`${side}P99MsRuns`] = runsOf;
    }
    fields[`${side}Events`] = waits[side].reduce((sum, values) => sum + values.length, 0);
  }
  return { rows, fields };
}
