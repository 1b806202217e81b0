import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: [
      "src/**/*.test.ts",
      "test/**/*.test.ts",
      "examples/**/*.test.ts",
      "prove/**/*.test.ts",
    ],
    globalSetup: ["test/support/global-setup.ts"],
    pool: "threads",
    testTimeout: 90_000,
    hookTimeout: 120_000,
    reporters: ["default", "./test/support/closing-line.ts"],
  },
});
