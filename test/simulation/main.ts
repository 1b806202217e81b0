/**
 * `npm run simulate -- [--rounds N] [--seed S] [--mutants]`: repeats a seed with its trace, or says by
 * which seed each planted bug is found. `npm run prove -- simulate` is the proof of both.
 */
import { randomInt } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { findMutants } from "./mutants.ts";
import { startOwnDatabase } from "./own-database.ts";
import { formatMutant, formatReport } from "./report.ts";
import { REPLAY_EVERY, simulate } from "./simulate.ts";

const ROUNDS = 200;
const PROGRESS_MS = 2_000;

function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  process.stderr.write(`--${name} must be a whole number from ${least}, not "${text}".\n`);
  return process.exit(2);
}

function showProgress(rounds: number): (done: number) => void {
  let shownAt = performance.now();
  return (done) => {
    if (performance.now() - shownAt < PROGRESS_MS) return;
    shownAt = performance.now();
    process.stderr.write(`${done} of ${rounds} rounds\n`);
  };
}

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: String(ROUNDS) },
    seed: { type: "string" },
    mutants: { type: "boolean", default: false },
  },
});
const rounds = wholeNumber("rounds", values.rounds, 1);
const seed = values.seed === undefined ? randomInt(2 ** 31) : wholeNumber("seed", values.seed, 0);
const interrupt = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(name, () => interrupt.abort());
const dataDir = await mkdtemp(path.join(tmpdir(), "amps-simulation-"));
try {
  const database = await startOwnDatabase(dataDir);
  const options = { databaseUrl: database.url, seed, signal: interrupt.signal };
  try {
    if (values.mutants) {
      const { found, missed } = await findMutants(options, (mutant, report) =>
        process.stdout.write(`${formatMutant(mutant, report)}\n`),
      );
      process.stdout.write(`\n${found} planted bugs found, ${missed} missed, from seed ${seed}\n`);
      process.exitCode = missed === 0 ? 0 : 1;
    } else {
      const onProgress = showProgress(rounds);
      const report = await simulate({ ...options, rounds, replayEvery: REPLAY_EVERY, onProgress });
      process.stdout.write(formatReport(report));
      process.exitCode = report.failed === undefined ? 0 : 1;
    }
  } finally {
    await database.stop();
  }
} finally {
  await rm(dataDir, { recursive: true, force: true });
}
