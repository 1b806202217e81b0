/** Rounds of the simulation, one seed after another, and what they add up to. */
import { Vault } from "../../src/storage/vault.ts";
import { SimulatedDatabase } from "./database.ts";
import { countImmediates } from "./immediates.ts";
import { loadProduct } from "./product.ts";
import { type RoundCounts, type RoundResult, runRound } from "./round.ts";

/** One round in so many is run twice where many are run. */
export const REPLAY_EVERY = 20;

export interface SimulateOptions {
  /** A migrated database that nobody else uses. */
  databaseUrl: string;
  rounds: number;
  /** Of the first round; each further one has the next. */
  seed: number;
  /** Folder of the sources under test; `src` unless it is a copy with a planted bug. */
  source?: string;
  /** Every so many rounds one is run again, to show that its seed gives the same trace. */
  replayEvery?: number;
  onProgress?: (done: number) => void;
  /** Ends the simulation after the round under way. */
  signal?: AbortSignal | undefined;
}

export interface Report {
  rounds: number;
  seed: number;
  counts: RoundCounts;
  /** Rounds run twice, all with one and the same trace. */
  replayed: number;
  /** Over the traces of all rounds. */
  hashes: string[];
  /** The first round that broke a rule; the simulation ends with it. */
  failed: RoundResult | undefined;
}

function add(total: RoundCounts, counts: RoundCounts): void {
  total.steps += counts.steps;
  total.simulatedMs += counts.simulatedMs;
  total.nodes += counts.nodes;
  total.messages += counts.messages;
  total.deliveries += counts.deliveries;
  total.sends += counts.sends;
  total.attempts += counts.attempts;
  total.faults += counts.faults;
}

export async function simulate(options: SimulateOptions): Promise<Report> {
  const { databaseUrl, rounds, seed, source, replayEvery = Infinity } = options;
  const product = await loadProduct(source);
  const database = await SimulatedDatabase.open(databaseUrl);
  const immediates = countImmediates();
  // Any key: what is sealed is opened by the same rounds.
  const vault = new Vault(Buffer.alloc(32, 1));
  const counts: RoundCounts = {
    steps: 0,
    simulatedMs: 0,
    nodes: 0,
    messages: 0,
    deliveries: 0,
    sends: 0,
    attempts: 0,
    faults: 0,
  };
  const report: Report = { rounds: 0, seed, counts, replayed: 0, hashes: [], failed: undefined };
  try {
    for (let round = 0; round < rounds; round += 1) {
      const run = (): Promise<RoundResult> =>
        runRound({ seed: seed + round, product, database, immediates, vault });
      const result = await run();
      report.rounds += 1;
      report.hashes.push(result.hash);
      add(counts, result.counts);
      report.failed = result.failure === undefined ? undefined : result;
      if (report.failed === undefined && round % replayEvery === replayEvery - 1) {
        report.replayed += 1;
        const again = await run();
        if (again.hash !== result.hash) report.failed = differs(again);
      }
      options.onProgress?.(report.rounds);
      if (report.failed !== undefined || options.signal?.aborted === true) break;
    }
  } finally {
    immediates.restore();
    await database.close();
  }
  return report;
}

function differs(again: RoundResult): RoundResult {
  const message = "The second run of this seed took another way.";
  return { ...again, failure: { rule: "one seed gives one trace", message, trace: [] } };
}
