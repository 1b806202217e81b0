/**
 * Bugs that the simulation must find: each is the product with one passage changed, in a copy of its
 * sources. A simulation that lets one pass proves nothing about the rule it breaks.
 */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { SOURCE_FOLDER } from "./product.ts";
import { SIMULATION_RULE } from "./round.ts";
import { type Report, simulate, type SimulateOptions } from "./simulate.ts";

/** A planted bug that this many seeds do not find is not found. */
const ROUNDS_MAX = 1_000;

export interface Mutant {
  /** The bug, in words. */
  bug: string;
  file: string;
  /** Must be there exactly once. */
  find: RegExp;
  replace: string;
}

export const MUTANTS: readonly Mutant[] = [
  {
    bug: "a message is acknowledged before it is committed",
    file: "engine/publisher.ts",
    find: /this\.#commits\.addFor\(([^;]*), committed, failed\);/,
    replace:
      "this.#commits.add($1).catch(() => undefined); committed({ kind: 'stored', createdAt: 0 });",
  },
  {
    bug: "what is being handed off is claimed as well",
    file: "engine/claimer.ts",
    find: /if \(handOffs\.expects\(row\.messageId\)\) continue;/,
    replace: "",
  },
  {
    bug: "what another node delivered meanwhile is handed off again",
    file: "engine/hand-offs.ts",
    find: /batch\.acquired\?\.has\(bucket\) !== true/,
    replace: "true",
  },
  {
    bug: "a result counts whatever its epoch",
    file: "storage/attempts/record-attempts.ts",
    find: / AND l\.epoch = \w\.epoch/,
    replace: "",
  },
  {
    bug: "failures are not counted",
    file: "storage/attempts/record-attempts.ts",
    find: /attempts = d\.attempts \+ 1/,
    replace: "attempts = d.attempts",
  },
  {
    bug: "a failed delivery is deleted",
    file: "storage/attempts/record-attempts.ts",
    find: /\(attempt\) => attempt\.retryDelayMs/,
    replace: "() => null",
  },
  {
    bug: "the failure of a chain undoes the resend that ended it",
    file: "storage/attempts/record-attempts.ts",
    find: /endDelivered\(attempts\), numbered/,
    replace: "attempts, numbered",
  },
  {
    bug: "a batch whose answer was lost is refused for ever",
    file: "storage/attempts/record-attempts.ts",
    find: /if \(sqlState\(error\) !== UNIQUE_VIOLATION\) throw error;/,
    replace: "throw error;",
  },
  {
    bug: "a result is given up when the database is away",
    file: "engine/recorder.ts",
    find: /this\.#log\.warn\(\{ err: error, delayMs \}/,
    replace: "throw error; $&",
  },
  {
    bug: "a disabled endpoint is sent to",
    file: "engine/dispatcher.ts",
    find: / \|\| target\.disabled/,
    replace: "",
  },
  {
    bug: "a change of an endpoint leaves it in memory as it was",
    file: "engine/targets.ts",
    find: /this\.#changes \+= 1;\s+this\.#cached\.delete\(endpointId\);/,
    replace: "",
  },
  {
    bug: "what is owed to a deleted endpoint stays",
    file: "engine/dispatcher.ts",
    find: /while \(await dropDeliveries\(storage, delivery\)\);/,
    replace: "",
  },
  {
    bug: "a bucket is let go while its attempts are under way",
    file: "engine/dispatcher.ts",
    find: /if \(this\.#isSettled\(buckets\)\) return;/,
    replace: "return;",
  },
  {
    bug: "a claim brings back what was recorded meanwhile",
    file: "engine/lane.ts",
    find: /if \(this\.claiming\) this\.#doneMeanwhile\.add\(key\);/,
    replace: "",
  },
  {
    bug: "a lane that a sweep found is not asked for more",
    file: "engine/claimer.ts",
    find: /lane\.lookAgain\(\);(\s+this\.refill\(lane\);\s+\}\s+lanes\.trim)/,
    replace: "$1",
  },
  {
    bug: "a node acts on a lease that has run out",
    file: "engine/ownership.ts",
    find: /=> options\.clock\.monotonic\(\) < this\.#validUntil;/,
    replace: "=> this.#validUntil > 0;",
  },
  {
    bug: "live nodes are taken for dead",
    file: "storage/nodes/leases.ts",
    find: /\(expires_at < now\(\) OR/,
    replace: "(true OR",
  },
  {
    bug: "a new owner keeps the old epoch",
    file: "storage/nodes/leases.ts",
    find: /epoch = l\.epoch \+ 1/,
    replace: "epoch = l.epoch",
  },
  {
    bug: "delays are spread too widely",
    file: "core/retry.ts",
    find: /JITTER_SHARE = 0\.2/,
    replace: "JITTER_SHARE = 0.5",
  },
  {
    bug: "the first delay is skipped",
    file: "core/retry.ts",
    find: /schedule\[failures - 1\]/,
    replace: "schedule[failures]",
  },
  {
    bug: "Retry-After is not honoured",
    file: "core/retry.ts",
    find: /if \(askedMs === undefined\) return plannedMs;/,
    replace: "return plannedMs;",
  },
  {
    bug: "abort-message does not end the chain",
    file: "core/attempt-outcome.ts",
    find: /input\.trigger === MANUAL \|\| aborted/,
    replace: "input.trigger === MANUAL",
  },
  {
    bug: "410 does not disable",
    file: "core/attempt-outcome.ts",
    find: /if \(result\.status === STATUS_GONE\) return "gone";/,
    replace: "",
  },
  {
    bug: "an idempotency key is not kept",
    file: "storage/messages/insert-messages.ts",
    find: /FROM accepted WHERE key_hash IS NOT NULL/,
    replace: "FROM accepted WHERE false",
  },
  {
    bug: "event types are not looked at",
    file: "storage/messages/store-and-fan-out.ts",
    find: /e\.event_types IS NULL OR/,
    replace: "true OR",
  },
  {
    bug: "the old secret goes on signing after its rotation",
    file: "storage/endpoints/load-targets.ts",
    find: /ORDER BY s\.secret_number DESC\) AS sealed/,
    replace: "ORDER BY s.secret_number) FILTER (WHERE s.secret_number = 1) AS sealed",
  },
];

/** @returns the changed text; throws when the passage is not there once: the mutant needs an update */
export function mutate(text: string, { bug, file, find, replace }: Mutant): string {
  const found = [...text.matchAll(new RegExp(find, "g"))].length;
  if (found !== 1) {
    throw new Error(`The planted bug "${bug}" fits ${file} ${found} times; adapt its passage.`);
  }
  return text.replace(find, replace);
}

/** Runs `work` on a copy of the sources with the bug in it. */
export async function withMutant<T>(
  mutant: Mutant,
  work: (source: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), "amps-mutant-"));
  const source = path.join(folder, "src");
  try {
    await cp(SOURCE_FOLDER, source, { recursive: true });
    await symlink(
      path.resolve(SOURCE_FOLDER, "../node_modules"),
      path.join(folder, "node_modules"),
    );
    await writeFile(path.join(folder, "package.json"), '{ "type": "module" }');
    const file = path.join(source, mutant.file);
    await writeFile(file, mutate(await readFile(file, "utf8"), mutant));
    return await work(source);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Plants one bug after the other, and looks for each from the same seed on. */
export async function findMutants(
  options: Pick<SimulateOptions, "databaseUrl" | "seed" | "signal">,
  onReport: (mutant: Mutant, report: Report) => void,
): Promise<{ found: number; missed: number }> {
  let found = 0;
  for (const mutant of MUTANTS) {
    if (options.signal?.aborted === true) break;
    const report = await withMutant(mutant, (source) =>
      simulate({ ...options, rounds: ROUNDS_MAX, source }),
    );
    if (isFound(report)) found += 1;
    onReport(mutant, report);
  }
  return { found, missed: MUTANTS.length - found };
}

/** By a rule, not by an accident of the simulation. */
export function isFound({ failed }: Report): boolean {
  return failed?.failure !== undefined && failed.failure.rule !== SIMULATION_RULE;
}
