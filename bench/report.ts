/** A result for people (a table with bars) and for programs (one JSON object). */
import type { Benchmark, Fields, Outcome, Row, Sizes } from "./benchmark.ts";
import type { Surroundings } from "./harness/machine.ts";
import { rounded } from "./harness/statistics.ts";

const BAR_COLUMNS = 32;
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
/** Fewer say little on a machine that does other things too. */
const RUNS_MIN = 3;

export interface Setting extends Surroundings {
  database: string;
}

export interface Verdict {
  must: number;
  aim: number;
  reachesMust: boolean;
  reachesAim: boolean;
}

export function judge({ goal }: Benchmark, fields: Fields): Verdict | undefined {
  if (goal === undefined) return undefined;
  const value = fields[goal.field];
  if (typeof value !== "number") throw new Error(`The benchmark measured no ${goal.field}.`);
  const reaches = (bound: number): boolean =>
    goal.better === "higher" ? value >= bound : value <= bound;
  const { must, aim } = goal;
  return { must, aim, reachesMust: reaches(must), reachesAim: reaches(aim) };
}

function roundedField(value: Fields[string]): Fields[string] {
  if (typeof value === "number") return rounded(value);
  if (typeof value === "string") return value;
  // Of one kind, numbers or texts, each element for itself.
  return value.map((entry) =>
    typeof entry === "number" ? rounded(entry) : entry,
  ) as Fields[string];
}

export function toJson(
  benchmark: Benchmark,
  outcome: Outcome,
  setting: Setting,
  sizes: Sizes,
): Record<string, unknown> {
  const fields = Object.entries(outcome.fields).map(([name, value]) => [name, roundedField(value)]);
  const known = Object.keys(benchmark.defaults);
  return {
    name: benchmark.name,
    ...Object.fromEntries(fields),
    ...judge(benchmark, outcome.fields),
    sizes: Object.fromEntries(Object.entries(sizes).filter(([size]) => known.includes(size))),
    ...setting,
  };
}

function bar(share: number): string {
  const eighths = Math.round(Math.max(0, Math.min(1, share)) * BAR_COLUMNS * 8);
  return "█".repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? "");
}

function formatValue({ value, unit }: Row): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  const number = value.toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return unit.startsWith("/") ? number + unit : `${number} ${unit}`;
}

/** Bars of one unit share a scale. */
function formatRows(rows: Row[]): string[] {
  const labelWidth = Math.max(...rows.map(({ label }) => label.length));
  const values = rows.map((row) => formatValue(row));
  const valueWidth = Math.max(...values.map((value) => value.length));
  return rows.map((row, index) => {
    const largest = Math.max(...rows.filter(({ unit }) => unit === row.unit).map((r) => r.value));
    const drawn = bar(row.value / largest);
    const note = row.note === undefined ? "" : `  ${row.note}`;
    const value = (values[index] ?? "").padStart(valueWidth);
    return `  ${row.label.padEnd(labelWidth)}  ${value}  ${drawn}${note}`;
  });
}

function formatVerdict(benchmark: Benchmark, fields: Fields): string {
  const { goal } = benchmark;
  const verdict = judge(benchmark, fields);
  if (goal === undefined || verdict === undefined) return "";
  const sign = goal.better === "higher" ? "≥" : "≤";
  const said = (reached: boolean): string => (reached ? "reached" : "NOT reached");
  const value = rounded(Number(fields[goal.field]));
  return (
    `${goal.field} ${value}: must be ${sign} ${goal.must}, ${said(verdict.reachesMust)}; ` +
    `aim ${sign} ${goal.aim}, ${said(verdict.reachesAim)}`
  );
}

export function formatHeader(setting: Setting): string {
  const load = setting.loadBefore.toFixed(1);
  const busy = `load      ${load}: this machine does other things too; trust CPU times before rates`;
  return [
    ...(setting.busy ? [busy] : []),
    `machine   ${setting.machine}`,
    `node      ${setting.node}`,
    `database  ${setting.database}`,
    `commit    ${setting.commit}`,
    "",
  ].join("\n");
}

export function formatOutcome(benchmark: Benchmark, outcome: Outcome, sizes: Sizes): string {
  const shown = Object.entries(outcome.fields).flatMap(([name, value]) => {
    if (name === benchmark.goal?.field) return [];
    const text = Array.isArray(value) ? value.map((one) => String(roundedField(one))) : [];
    return [`  ${name} ${Array.isArray(value) ? text.join(", ") : String(roundedField(value))}`];
  });
  const known = Object.keys(benchmark.defaults);
  const used = Object.entries(sizes).filter(([size]) => known.includes(size));
  const lines = [
    `${benchmark.name}: ${benchmark.does}`,
    "",
    ...formatRows(outcome.rows),
    "",
    ...shown,
    `  sizes ${used.map(([size, value]) => `${size} ${String(value)}`).join(", ")}`,
    "",
    formatVerdict(benchmark, outcome.fields),
  ];
  if (sizes.runs > 0 && sizes.runs < RUNS_MIN) {
    lines.push(`${sizes.runs} of the ${RUNS_MIN} runs that a figure needs: no measurement.`);
  }
  return `${lines.filter((line, index) => line !== "" || lines[index - 1] !== "").join("\n")}\n`;
}
