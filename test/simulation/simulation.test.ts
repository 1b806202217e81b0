/**
 * E49, G6, G7: the whole engine under seeded faults. Short here; `npm run simulate` runs as many seeds
 * as wanted, and every planted bug.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { isFound, MUTANTS, mutate, withMutant } from "./mutants.ts";
import { SOURCE_FOLDER } from "./product.ts";
import { formatReport } from "./report.ts";
import { simulate } from "./simulate.ts";

/** Each may take many times longer on a busy machine. */
const PATIENCE_MS = 240_000;
const ROUNDS = 16;
/** Found in one of the first rounds, so that looking for them takes no time. */
const QUICKLY_FOUND = [
  "a message is acknowledged before it is committed",
  "failures are not counted",
  "a failed delivery is deleted",
  "delays are spread too widely",
];
const QUICK_ROUNDS = 4;

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database.drop());

test(
  "every rule holds under whatever the seeds let happen",
  async () => {
    const report = await simulate({
      databaseUrl: database.url,
      rounds: ROUNDS,
      seed: 1,
      replayEvery: 8,
    });
    expect(report.failed, formatReport(report)).toBeUndefined();
    expect(report.rounds).toBe(ROUNDS);
    expect(report.replayed).toBe(2);
    // It was no empty exercise.
    const { faults, messages, attempts } = report.counts;
    expect(Math.min(faults, messages, attempts)).toBeGreaterThan(ROUNDS);
  },
  PATIENCE_MS,
);

test(
  "one seed gives one trace, and another seed another",
  async () => {
    const run = async (seed: number): Promise<string[]> =>
      (await simulate({ databaseUrl: database.url, rounds: 2, seed })).hashes;
    const first = await run(101);
    expect(new Set(first).size).toBe(2);
    expect(await run(101)).toEqual(first);
  },
  PATIENCE_MS,
);

test("every planted bug fits the sources as they are", async () => {
  for (const mutant of MUTANTS) {
    const text = await readFile(path.join(SOURCE_FOLDER, mutant.file), "utf8");
    expect(mutate(text, mutant)).not.toBe(text);
  }
});

test.for(QUICKLY_FOUND)(
  "it is found when %s",
  { timeout: PATIENCE_MS },
  async (bug, { expect }) => {
    const mutant = MUTANTS.find((each) => each.bug === bug);
    if (mutant === undefined) throw new Error(`No planted bug is called so: ${bug}`);
    const { databaseUrl, rounds } = { databaseUrl: database.url, rounds: QUICK_ROUNDS };
    const report = await withMutant(mutant, (source) =>
      simulate({ databaseUrl, rounds, seed: 1, source }),
    );
    expect(isFound(report), formatReport(report)).toBe(true);
    expect(formatReport(report)).toContain(`--seed ${report.failed?.seed}`);
  },
);
