/** What every experiment is: a claim, rounds of a fault, and a verdict; and a control that must fail. */
import type { Random } from "./random.ts";

/** One thing that must hold. */
export interface Check {
  name: string;
  holds: boolean;
  /** What was counted, or what was found instead. */
  detail: string;
  /** It is about time, which a starved machine has less of: the short forms in the suite pass over it. */
  timed?: true;
}

export interface Outcome {
  /** What the ledgers counted, by name. */
  counts: Record<string, number>;
  /** What was measured on the way, for people. */
  measures: Record<string, string>;
  checks: Check[];
}

export interface Context {
  rounds: number;
  seed: number;
  random: Random;
  /** A private folder, outside everything under test; removed at the end. */
  folder: string;
  /** Runs at the end, also after an error or Ctrl-C; the last added first. */
  onEnd(stop: () => Promise<unknown>): void;
  /** One line now and then; more often than every few seconds is not printed. */
  progress(line: string): void;
}

export interface Experiment {
  /** What is proved, in one line. */
  claim: string;
  /** Rounds without `--rounds`. */
  rounds: number;
  /** Why this machine cannot run it; undefined when it can. */
  impediment?(): string | undefined;
  run(context: Context): Promise<Outcome>;
  /** What was broken for the control, in one line. */
  controlClaim: string;
  /** The check that it must break: failing for another reason would prove nothing either. */
  controlBreaks: string;
  /** The same against a system with a planted bug: its outcome must not hold, or the proof proves nothing. */
  control(context: Context): Promise<Outcome>;
}

export function check(name: string, holds: boolean, detail: string): Check {
  return { name, holds, detail };
}

export function checkTime(name: string, inTime: boolean, detail: string): Check {
  return { name, holds: inTime, detail, timed: true };
}

export function holds(outcome: Outcome): boolean {
  return outcome.checks.length > 0 && outcome.checks.every((each) => each.holds);
}

export function failures(outcome: Outcome): Check[] {
  return outcome.checks.filter((each) => !each.holds);
}
