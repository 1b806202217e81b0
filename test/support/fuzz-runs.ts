/** How long fuzz tests run: a few seconds in the suite, `FUZZ=100 npm test -- fuzz address` a hundred times that. */
const factor = Number(process.env["FUZZ"] ?? "1");

export function fuzzRuns(inTheSuite: number): number {
  return Math.round(inTheSuite * factor);
}

/** For the runner, which would stop a long run. */
export const fuzzTimeoutMs = 120_000 * Math.max(1, factor);
