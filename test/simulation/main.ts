/** `npm run simulate -- [--rounds N] [--seed S] [--mutants]` */
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { MUTANTS, withMutant } from "./mutants.ts";
import { withDatabase } from "./own-database.ts";
import { formatMutant, formatReport } from "./report.ts";
import { simulate } from "./simulate.ts";

const ROUNDS = 200;
/** A planted bug that this many seeds do not find is not found. */
const MUTANT_ROUNDS = 1_000;
/** One round in so many is run twice. */
const REPLAY_EVERY = 20;
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

async function findMutants(databaseUrl: string, seed: number): Promise<boolean> {
  let missed = 0;
  for (const mutant of MUTANTS) {
    const report = await withMutant(mutant, (source) =>
      simulate({ databaseUrl, rounds: MUTANT_ROUNDS, seed, source }),
    );
    if (report.failed === undefined) missed += 1;
    process.stdout.write(`${formatMutant(mutant, report)}\n`);
  }
  const found = MUTANTS.length - missed;
  process.stdout.write(`\n${found} of ${MUTANTS.length} planted bugs found, from seed ${seed}\n`);
  return missed === 0;
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
const held = await withDatabase(async (databaseUrl) => {
  if (values.mutants) return await findMutants(databaseUrl, seed);
  const onProgress = showProgress(rounds);
  const report = await simulate({
    databaseUrl,
    rounds,
    seed,
    replayEvery: REPLAY_EVERY,
    onProgress,
  });
  process.stdout.write(formatReport(report));
  return report.failed === undefined;
});
process.exitCode = held ? 0 : 1;
