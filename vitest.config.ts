import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** Many tests wait for a clock or a server more than they compute: two share two cores well. */
const WORKERS_MIN = 2;

export default defineConfig({
  test: {
    pool: "threads",
    maxWorkers: Math.max(WORKERS_MIN, availableParallelism() - 1),
    testTimeout: 90_000,
    hookTimeout: 120_000,
    // Guards against a hang only: on a busy machine a process alone may take the second of the default to start.
    expect: { poll: { timeout: 30_000 } },
    reporters: ["default", "./test/support/closing-line.ts"],
    projects: [
      {
        extends: true,
        test: {
          name: "server",
          include: [
            "src/**/*.test.ts",
            "test/**/*.test.ts",
            "examples/**/*.test.ts",
            "prove/**/*.test.ts",
            "dashboard/src/**/*.test.ts",
          ],
          globalSetup: ["test/support/global-setup.ts"],
        },
      },
      {
        extends: true,
        test: {
          name: "browser",
          include: ["dashboard/e2e/**/*.test.ts"],
          globalSetup: ["test/support/browser/global-setup.ts"],
        },
      },
    ],
  },
});
