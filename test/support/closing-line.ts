/** Ends the run with one plain line of counts, after naming every skipped test and its reason. */
import { writeSync } from "node:fs";
import type { Reporter, TestModule, TestSuite } from "vitest/node";

const STDOUT = 1;

export class ClosingLine implements Reporter {
  /** A file or suite that failed outside its tests counts as a failure, so does a stray error. */
  onTestRunEnd(modules: readonly TestModule[], strayErrors: readonly unknown[]): void {
    const counts = { passed: 0, failed: strayErrors.length, skipped: 0 };
    const skipped: string[] = [];
    for (const module of modules) {
      const suites: (TestModule | TestSuite)[] = [module, ...module.children.allSuites()];
      counts.failed += suites.filter((suite) => suite.errors().length > 0).length;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === "passed" || result.state === "failed") counts[result.state] += 1;
        else {
          counts.skipped += 1;
          const note = "note" in result && result.note !== undefined ? `: ${result.note}` : "";
          skipped.push(`${module.relativeModuleId} > ${test.fullName}${note}`);
        }
      }
    }
    // After the default reporter's own summary, and whole before the process is gone.
    process.once("exit", () => {
      const names = skipped.map((name) => `skipped  ${name}\n`).join("");
      const { passed, failed } = counts;
      writeSync(STDOUT, `${names}${passed} passed, ${failed} failed, ${counts.skipped} skipped\n`);
    });
  }
}

// oxlint-disable-next-line import/no-default-export -- vitest loads a reporter by path through it
export default ClosingLine;
