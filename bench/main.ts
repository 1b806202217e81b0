/** `npm run bench`: lists the benchmarks, or runs one, or all. What to measure is in `benchmarks/`. */
import path from "node:path";
import { type Benchmark, NotHere } from "./benchmark.ts";
import { BENCHMARKS } from "./catalogue.ts";
import { profileInto } from "./harness/cast.ts";
import { cleanUp, tidily } from "./harness/cleanup.ts";
import { type Database, openDatabase } from "./harness/database.ts";
import { readSurroundings } from "./harness/machine.ts";
import { type Options, formatList, readOptions, sizesOf } from "./options.ts";
import { formatHeader, formatOutcome, type Setting, toJson } from "./report.ts";

/** On standard error, so that standard output holds the result alone; one line, rewritten. */
function progress(benchmark: Benchmark): (what: string) => void {
  const startedAt = performance.now();
  return (what) => {
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    const line = `${benchmark.name}  ${what}  (${seconds} s)`;
    process.stderr.write(process.stderr.isTTY ? `\r\u001B[K${line}` : `${line}\n`);
  };
}

function endProgress(): void {
  if (process.stderr.isTTY) process.stderr.write("\r\u001B[K");
}

function chooseBenchmarks({ name }: Options): Benchmark[] {
  if (name === "all") return [...BENCHMARKS];
  const found = BENCHMARKS.find((benchmark) => benchmark.name === name);
  if (found !== undefined) return [found];
  const names = BENCHMARKS.map((benchmark) => benchmark.name).join(", ");
  throw new Error(`There is no benchmark ${JSON.stringify(name)}; there are ${names}, all.`);
}

async function runOne(
  benchmark: Benchmark,
  { options, database, setting }: { options: Options; database: Database; setting: Setting },
): Promise<Record<string, unknown>> {
  const sizes = sizesOf(benchmark, options.sizes, options.name !== "all");
  const context = { sizes, database, progress: progress(benchmark) };
  const outcome = await tidily(() => benchmark.run(context));
  endProgress();
  if (!options.json) process.stdout.write(`${formatOutcome(benchmark, outcome, sizes)}\n`);
  return toJson(benchmark, outcome, setting, sizes);
}

async function run(options: Options): Promise<void> {
  const chosen = chooseBenchmarks(options);
  for (const benchmark of chosen) sizesOf(benchmark, options.sizes, options.name !== "all");
  const database = await openDatabase(process.env["DATABASE_URL"]);
  if (options.profile !== undefined) profileInto(path.resolve(options.profile));
  const setting = { ...readSurroundings(), database: database.description };
  if (!options.json) process.stdout.write(`${formatHeader(setting)}\n`);
  const results: Record<string, unknown>[] = [];
  for (const benchmark of chosen) {
    try {
      results.push(await runOne(benchmark, { options, database, setting }));
    } catch (error) {
      if (!(error instanceof NotHere) || options.name !== "all") throw error;
      // The others can still be measured; that this one was not is said, and fails the command.
      endProgress();
      process.exitCode = 1;
      process.stderr.write(`${benchmark.name} was not run. ${error.message}\n`);
      results.push({ name: benchmark.name, notRun: error.message });
    }
  }
  if (!options.json) return;
  const result = options.name === "all" ? { name: "all", results } : results[0];
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

let interrupted = false;

function interrupt(): void {
  if (interrupted) process.exit(1);
  interrupted = true;
  process.stderr.write("\nStopping …\n");
  void cleanUp().finally(() => process.exit(1));
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, interrupt);
// The launcher was killed. Listening would keep the channel, and by it this process, alive.
process.on("disconnect", interrupt);
process.channel?.unref();

try {
  const options = readOptions(process.argv.slice(2));
  if (options.name === undefined) process.stdout.write(formatList(BENCHMARKS));
  else await tidily(() => run(options));
} catch (error) {
  endProgress();
  if (!interrupted) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  }
  process.exitCode = 1;
}
