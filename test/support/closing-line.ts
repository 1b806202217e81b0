/** Ends the run with one plain line of counts, after naming every skipped test and its reason. */
import { writeSync } from "node:fs";
import type { Reporter, TestModule, TestSuite } from "vitest/node";

const STDOUT = 1;

interface SkippedTest {
  name: string;
  reason: string;
}

/** Tests that share a reason are named below it, which is told once. */
export function formatSkipped(skipped: readonly SkippedTest[]): string {
  const byReason = Map.groupBy(skipped, ({ reason }) => reason);
  const blocks = [...byReason].map(([reason, tests]) => {
    const names = tests.map(({ name }) => `  ${name}\n`).join("");
    const told = reason === "" ? "without a reason given" : reason;
    return `skipped  ${tests.length} ${tests.length === 1 ? "test" : "tests"}: ${told}\n${names}`;
  });
  return blocks.join("");
}

export class ClosingLine implements Reporter {
  /** A file or suite that failed outside its tests counts as a failure, so does a stray error. */
  onTestRunEnd(modules: readonly TestModule[], strayErrors: readonly unknown[]): void {
    const counts = { passed: 0, failed: strayErrors.length, skipped: 0 };
    const skipped: SkippedTest[] = [];
    for (const module of modules) {
      const suites: (TestModule | TestSuite)[] = [module, ...module.children.allSuites()];
      counts.failed += suites.filter((suite) => suite.errors().length > 0).length;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === "passed" || result.state === "failed") counts[result.state] += 1;
        else {
          counts.skipped += 1;
          const reason = ("note" in result ? result.note : undefined) ?? "";
          skipped.push({ name: `${module.relativeModuleId} > ${test.fullName}`, reason });
        }
      }
    }
    // After the default reporter's own summary, and whole before the process is gone.
    process.once("exit", () => {
      const { passed, failed } = counts;
      const line = `${passed} passed, ${failed} failed, ${counts.skipped} skipped\n`;
      writeSync(STDOUT, formatSkipped(skipped) + line);
    });
  }
}

// oxlint-disable-next-line import/no-default-export -- vitest loads a reporter by path through it
export default ClosingLine;
