/** The whole engine in virtual time (`test/simulation`): a round is a seed, its control plants bugs. */
import path from "node:path";
import { MUTANTS, findMutants } from "../test/simulation/mutants.ts";
import { startOwnDatabase } from "../test/simulation/own-database.ts";
import { commandFor, formatMutant } from "../test/simulation/report.ts";
import { REPLAY_EVERY, simulate as runSeeds } from "../test/simulation/simulate.ts";
import { type Context, type Experiment, check } from "./experiment.ts";

const RULES = "every rule holds at every step";

async function startDatabase(context: Context): Promise<string> {
  const database = await startOwnDatabase(path.join(context.folder, "data"));
  context.onEnd(() => database.stop());
  return database.url;
}

export const simulate: Experiment = {
  claim:
    "whatever fails between any two steps, nothing is lost, repeated or sent against the rules",
  rounds: 500,
  async run(context) {
    const { seed } = context;
    const report = await runSeeds({
      databaseUrl: await startDatabase(context),
      rounds: context.rounds,
      seed,
      replayEvery: REPLAY_EVERY,
      onProgress: (done) => context.progress(`${done}/${context.rounds} seeds`),
    });
    const { counts, failed, replayed, rounds } = report;
    const rule = failed?.failure?.message ?? `${rounds} seeds`;
    const detail = failed === undefined ? rule : `${rule}; ${commandFor(failed.seed)}`;
    return {
      rounds,
      counts: {
        steps: counts.steps,
        processes: counts.nodes,
        faults: counts.faults,
        messages: counts.messages,
        deliveries: counts.deliveries,
        requests: counts.sends,
        attempts: counts.attempts,
        "seeds run twice": replayed,
      },
      measures: { "simulated time": `${Math.round(counts.simulatedMs / 3_600_000)} hours` },
      checks: [check(RULES, failed === undefined, detail)],
    };
  },
  controlClaim: `each of ${MUTANTS.length} planted bugs`,
  controlBreaks: RULES,
  async control(context) {
    const databaseUrl = await startDatabase(context);
    const measures: Record<string, string> = {};
    const { found, missed } = await findMutants(
      { databaseUrl, seed: context.seed },
      (mutant, report) => {
        measures[mutant.bug] = formatMutant(mutant, report);
        context.progress(`${Object.keys(measures).length}/${MUTANTS.length} planted bugs`);
      },
    );
    // One that is missed makes the whole control hold: then the rules prove too little.
    const checks = [check(RULES, missed > 0, `${found} of ${MUTANTS.length} planted bugs found`)];
    return { rounds: MUTANTS.length, counts: { found, missed }, measures, checks };
  },
};
