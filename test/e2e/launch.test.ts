/** The launcher as npm runs it: the right Node, the child's end, and the launcher's own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const LAUNCHER = path.resolve(import.meta.dirname, "../../scripts/launch.mjs");
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "amps-launch-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Launches a program of these lines; resolves with its first output. */
async function launch(lines: string, args: string[] = []): Promise<[ChildProcess, string]> {
  const file = path.join(await mkdtemp(path.join(folder, "program-")), "program.ts");
  await writeFile(file, lines);
  const child = spawn(process.execPath, [LAUNCHER, file, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [chunk] = await once(child.stdout, "data");
  return [child, String(chunk).trim()];
}

test("runs TypeScript on Node 26, first on PATH for children too, and ends with its code", async () => {
  const program = `
    import { execSync } from "node:child_process";
    const inner: string = String(execSync("node --version")).trim();
    console.log([process.version, inner, ...process.argv.slice(2)].join("|"));
    process.exitCode = 7;`;
  const [launcher, line] = await launch(program, ["--port", "1 2"]);
  const ended = once(launcher, "exit");
  const [outer, inner, ...args] = line.split("|");
  expect(Number(/^v(\d+)/.exec(outer ?? "")?.[1])).toBeGreaterThanOrEqual(26);
  expect(inner).toBe(outer);
  expect(args).toEqual(["--port", "1 2"]);
  // That it ends at all shows that the unused channel holds nobody.
  expect(await ended).toEqual([7, null]);
});

test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("%s reaches the program", async (signal) => {
  const program = `
    process.on("${signal}", () => process.exit(3));
    setInterval(() => {}, 1000);
    console.log("up");`;
  const [launcher] = await launch(program);
  launcher.kill(signal);
  expect(await once(launcher, "exit")).toEqual([3, null]);
});

test("a program ended by a signal ends the launcher by the same", async () => {
  const [launcher, pid] = await launch("setInterval(() => {}, 1000); console.log(process.pid);");
  process.kill(Number(pid), "SIGTERM");
  expect(await once(launcher, "exit")).toEqual([null, "SIGTERM"]);
});

test("a program that listens is told when its launcher is killed", async () => {
  const program = `
    process.on("disconnect", () => { console.log("alone"); process.exit(); });
    console.log("up");`;
  const [launcher] = await launch(program);
  const told = once(launcher.stdout ?? process.stdin, "data");
  launcher.kill("SIGKILL");
  expect(String(await told).trim()).toBe("alone");
});
