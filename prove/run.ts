/** Runs one experiment and its control, each in a folder of its own, and cleans up whatever happens. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  type Check,
  type Context,
  type Experiment,
  failures,
  holds,
  type Outcome,
} from "./experiment.ts";
import { Random } from "./random.ts";

const PROGRESS_MS = 3_000;

export interface RunOptions {
  name: string;
  rounds?: number;
  seed: number;
  /** Told now and then what goes on. */
  say?: (line: string) => void;
  /** Cleans up and ends as an error when aborted. */
  signal?: AbortSignal;
}

export interface Report {
  experiment: string;
  claim: string;
  rounds: number;
  seed: number;
  outcome: Outcome;
  controlClaim: string;
  control: Outcome;
  /** The check that the broken system had to break, as it came out; undefined: it held. */
  caught: Check | undefined;
  seconds: number;
  /** The system held, and the broken one broke where it must. */
  proved: boolean;
}

/** One run with all that it needs, cleaned up whatever happens. */
export async function runAlone(
  options: RunOptions & { rounds: number },
  work: (context: Context) => Promise<Outcome>,
): Promise<Outcome> {
  const { rounds, seed, signal, say = () => undefined } = options;
  const folder = await mkdtemp(path.join(tmpdir(), `amps-prove-${options.name}-`));
  // What was being made when it was interrupted may still be writing.
  const removal = { recursive: true, force: true, maxRetries: 10, retryDelay: 100 };
  const stops: (() => Promise<unknown>)[] = [() => rm(folder, removal)];
  let saidAt = -Infinity;
  const context: Context = {
    rounds,
    seed,
    random: new Random(seed),
    folder,
    onEnd: (stop) => void stops.push(stop),
    progress: (line) => {
      signal?.throwIfAborted();
      if (performance.now() - saidAt < PROGRESS_MS) return;
      saidAt = performance.now();
      say(line);
    },
  };
  let stopAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stopAbort = () => reject(new Error("Interrupted."));
    signal?.addEventListener("abort", stopAbort);
  });
  try {
    return await Promise.race([work(context), aborted]);
  } finally {
    if (stopAbort !== undefined) signal?.removeEventListener("abort", stopAbort);
    for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) {
      await stop().catch((error: unknown) => say(`Cleaning up failed: ${String(error)}`));
    }
  }
}

export async function runExperiment(experiment: Experiment, options: RunOptions): Promise<Report> {
  const { name, seed, say = () => undefined } = options;
  const rounds = options.rounds ?? experiment.rounds;
  const run = { ...options, rounds };
  const startedAt = performance.now();
  const outcome = await runAlone(run, (context) => experiment.run(context));
  say(`control: ${experiment.controlClaim}`);
  const control = await runAlone(run, (context) => experiment.control(context));
  const caught = failures(control).find((each) => each.name === experiment.controlBreaks);
  return {
    experiment: name,
    claim: experiment.claim,
    rounds,
    seed,
    outcome,
    controlClaim: experiment.controlClaim,
    control,
    caught,
    seconds: Math.round((performance.now() - startedAt) / 1_000),
    proved: holds(outcome) && caught !== undefined,
  };
}
