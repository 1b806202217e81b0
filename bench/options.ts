/** `npm run bench -- NAME [--json] [--runs N] …` */
import { parseArgs } from "node:util";
import type { Benchmark, Sizes } from "./benchmark.ts";

export interface Options {
  /** Undefined: list them. */
  name: string | undefined;
  json: boolean;
  /** Folder for CPU profiles of the product's processes. */
  profile: string | undefined;
  sizes: Partial<Sizes>;
}

const SIZE_OPTIONS: Record<keyof Sizes, string> = {
  runs: "repetitions; figures are medians over them",
  deliveries: "events of one run",
  seconds: "length of one measured phase",
  endpoints: "receivers",
  nodes: "processes of Amps that share the work",
  waiting: "deliveries waiting before the start",
  history: "messages of history, one or more numbers separated by commas",
};

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (/^\d{1,9}$/.test(text) && value > 0) return value;
  throw new Error(`--${name}: must be a whole number above 0 (got ${JSON.stringify(text)})`);
}

function readSeconds(text: string): number {
  if (/^\d{1,5}(\.\d+)?$/.test(text) && Number(text) > 0) return Number(text);
  throw new Error(`--seconds: must be a number above 0 (got ${JSON.stringify(text)})`);
}

function readSizes(values: Partial<Record<string, string | boolean>>): Partial<Sizes> {
  const sizes: Partial<Sizes> = {};
  for (const name of ["runs", "deliveries", "endpoints", "nodes", "waiting"] as const) {
    const text = values[name];
    if (typeof text === "string") sizes[name] = wholeNumber(name, text);
  }
  const { history, seconds: length } = values;
  if (typeof length === "string") sizes.seconds = readSeconds(length);
  if (typeof history === "string") {
    sizes.history = history.split(",").map((text) => wholeNumber("history", text));
  }
  return sizes;
}

/** @throws with what is wrong */
export function readOptions(args: string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      profile: { type: "string" },
      runs: { type: "string" },
      deliveries: { type: "string" },
      seconds: { type: "string" },
      endpoints: { type: "string" },
      nodes: { type: "string" },
      waiting: { type: "string" },
      history: { type: "string" },
    },
  });
  if (positionals.length > 1) throw new Error("Name one benchmark, or all.");
  const { json, profile } = values;
  return { name: positionals[0], json, profile, sizes: readSizes(values) };
}

/** The sizes of a benchmark: its defaults, changed as asked; what it does not know, it refuses. */
export function sizesOf(benchmark: Benchmark, asked: Partial<Sizes>, strict: boolean): Sizes {
  const none = {
    runs: 0,
    deliveries: 0,
    seconds: 0,
    endpoints: 0,
    nodes: 0,
    waiting: 0,
    history: [],
  };
  const sizes: Sizes = { ...none, ...benchmark.defaults };
  for (const [name, value] of Object.entries(asked)) {
    if (name in benchmark.defaults) Object.assign(sizes, { [name]: value });
    else if (strict) {
      const known = Object.keys(benchmark.defaults).map((key) => `--${key}`);
      throw new Error(`--${name}: ${benchmark.name} has no such size; it has ${known.join(" ")}`);
    }
  }
  return sizes;
}

export function formatList(benchmarks: readonly Benchmark[]): string {
  const width = Math.max(...benchmarks.map(({ name }) => name.length));
  const lines = benchmarks.map(({ name, does, goal, defaults }) => {
    const sign = goal?.better === "lower" ? "≤" : "≥";
    const bounds =
      goal === undefined ? "" : `${goal.field} ${sign} ${goal.must}, aim ${sign} ${goal.aim}`;
    const sizes = Object.entries(defaults).map(([size, value]) => `--${size} ${String(value)}`);
    const indent = " ".repeat(width + 4);
    const goalLine = bounds === "" ? "" : `\n${indent}must reach ${bounds}`;
    return `  ${name.padEnd(width)}  ${does}${goalLine}\n${indent}${sizes.join(" ")}`;
  });
  const options = Object.entries({
    ...SIZE_OPTIONS,
    json: "print one JSON object on standard output, nothing else",
    "profile FOLDER": "leave a CPU profile of every product process there (.cpuprofile)",
  });
  const sizes = options.map(([name, meaning]) => `  --${name.padEnd(14)}  ${meaning}`);
  return [
    "npm run bench -- NAME [--json] [sizes], or all in turn: npm run bench -- all",
    "",
    ...lines,
    "",
    ...sizes,
    "",
    "DATABASE_URL chooses the PostgreSQL; without it the embedded one runs in a temporary folder.",
    "",
  ].join("\n");
}
