/**
 * `npm test`: types, lint, format, then the tests. Arguments go to the test runner, and then only
 * the tests run: `npm test -- src/core`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "..");

interface Step {
  name: string;
  args: string[];
}

const CHECKS: Step[] = [
  { name: "types", args: ["node_modules/typescript/bin/tsc", "--noEmit"] },
  { name: "browser", args: ["node_modules/typescript/bin/tsc", "--noEmit", "-p", "dashboard"] },
  { name: "lint", args: ["node_modules/oxlint/bin/oxlint", "--type-aware", "--deny-warnings"] },
  { name: "format", args: ["node_modules/oxfmt/bin/oxfmt", "--check", "."] },
];

let running: ChildProcess | undefined;

/** What stops us stops the tool that runs, or it would go on without anybody to read it. */
function stop(signal: NodeJS.Signals): void {
  running?.kill(signal);
  process.exit(1);
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
// The launcher was killed. Listening keeps the channel, and by it this process, alive: not wanted.
process.on("disconnect", () => stop("SIGTERM"));
process.channel?.unref();

async function exitCode(child: ChildProcess): Promise<number | null> {
  running = child;
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  running = undefined;
  return code;
}

/** Runs one check quietly; its output is shown only when it fails. */
async function check(step: Step): Promise<boolean> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, step.args, {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const passed = (await exitCode(child)) === 0;
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${step.name.padEnd(8)} ${passed ? "ok    " : "FAILED"} ${seconds.padStart(6)} s`);
  if (!passed) console.log(output);
  return passed;
}

async function runTests(args: string[]): Promise<boolean> {
  const child = spawn(process.execPath, ["node_modules/vitest/vitest.mjs", "run", ...args], {
    cwd: ROOT,
    stdio: "inherit",
  });
  return (await exitCode(child)) === 0;
}

const filters = process.argv.slice(2);
let passed = true;
if (filters.length === 0) for (const step of CHECKS) passed = (await check(step)) && passed;
passed = (await runTests(filters)) && passed;
process.exitCode = passed ? 0 : 1;
