/** What a benchmark is: a name, what must be reached, and how it is run. */
import type { Database } from "./harness/database.ts";

/** How large a run is; every benchmark names the ones it knows, with its own defaults. */
export interface Sizes {
  /** Repetitions; figures are medians over them. */
  runs: number;
  deliveries: number;
  seconds: number;
  endpoints: number;
  /** Processes of Amps that share the work. */
  nodes: number;
  /** Deliveries waiting before the start. */
  waiting: number;
  /** Messages of history before the start. */
  history: number[];
}

export interface Context {
  sizes: Sizes;
  database: Database;
  /** Says what happens now, for people who wait. */
  progress: (what: string) => void;
}

export interface Row {
  label: string;
  value: number;
  unit: string;
  note?: string;
}

export type Fields = Record<string, number | number[] | string | string[]>;

export interface Outcome {
  rows: Row[];
  fields: Fields;
}

/** The field that is judged, and its bounds. */
export interface Goal {
  field: string;
  better: "higher" | "lower";
  must: number;
  aim: number;
}

export interface Benchmark {
  name: string;
  /** One line: what it does. */
  does: string;
  goal?: Goal;
  defaults: Partial<Sizes>;
  run(context: Context): Promise<Outcome>;
}

/** What a benchmark needs and this machine does not have; the message says how to get it. */
export class NotHere extends Error {}
