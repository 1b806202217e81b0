/** `npm run prove -- NAME [--rounds N] [--seed S] [--json]` */
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { EXPERIMENTS } from "./experiments.ts";
import { formatReport } from "./report.ts";
import { runExperiment } from "./run.ts";

const INTERRUPTED = 130;

function refuse(problem: string): never {
  process.stderr.write(
    `${problem}\n\nnpm run prove -- NAME [--rounds N] [--seed S] [--json]\n` +
      `NAME is one of: ${Object.keys(EXPERIMENTS).join(", ")}\n`,
  );
  process.exit(2);
}

function wholeNumber(name: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  return refuse(`--${name} must be a whole number from ${least}, not ${JSON.stringify(text)}.`);
}

function readArguments(): { name: string; rounds?: number; seed: number; json: boolean } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        rounds: { type: "string" },
        seed: { type: "string" },
        json: { type: "boolean", default: false },
      },
    });
    const [name, ...others] = positionals;
    if (name === undefined || others.length > 0) return refuse("Name one experiment.");
    const rounds = wholeNumber("rounds", values.rounds, 1);
    const seed = wholeNumber("seed", values.seed, 0) ?? randomInt(2 ** 31);
    return { name, seed, json: values.json, ...(rounds !== undefined && { rounds }) };
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

const { json, ...options } = readArguments();
const load = EXPERIMENTS[options.name];
if (load === undefined) refuse(`There is no experiment ${JSON.stringify(options.name)}.`);
const experiment = await load();
const impediment = experiment.impediment?.();
if (impediment !== undefined) {
  process.stderr.write(`${options.name} cannot run here: ${impediment}\n`);
  process.exit(3);
}
const interrupt = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => interrupt.abort());
}
process.on("disconnect", () => interrupt.abort());
const startedAt = performance.now();
const say = (line: string): void => {
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  process.stderr.write(`${String(seconds).padStart(5)} s  ${line}\n`);
};
try {
  const report = await runExperiment(experiment, { ...options, say, signal: interrupt.signal });
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : formatReport(report));
  process.exit(report.proved ? 0 : 1);
} catch (error) {
  if (interrupt.signal.aborted) process.exit(INTERRUPTED);
  throw error;
}
