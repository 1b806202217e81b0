/**
 * Builds `dashboard/dist` with vite when it is not there or older than what it is made of. Nobody has to
 * know that there is a build: `npm start` in a fresh clone has a dashboard.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "..");
const VITE = "node_modules/vite/bin/vite.js";
/** What else the result depends on, beside the folder's own files. */
const BEYOND = ["package-lock.json"];
const NOT_SOURCES = /^(dist.*|e2e|\.built)$/;
const OUTPUT_LINES_MAX = 12;

export type DashboardBuild =
  | { state: "current" }
  | { state: "built"; ms: number }
  /** `stale`: an older one is still there. */
  | { state: "failed"; stale: boolean; reason: string };

interface BuildOptions {
  /** Of the repository; for tests. */
  root?: string;
  /** Called before a build, which takes seconds. */
  onBuild?: () => void;
  /** Even when it is current. */
  always?: boolean;
  /** Ends the build. */
  signal?: AbortSignal;
}

async function sourceFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const kept = entries.filter(({ name }) => !NOT_SOURCES.test(name));
  const lists = kept.map(async (entry) => {
    const file = path.join(folder, entry.name);
    return entry.isDirectory() ? await sourceFiles(file) : [file];
  });
  return (await Promise.all(lists)).flat().toSorted();
}

async function hashSources(root: string): Promise<string> {
  const hash = createHash("sha256");
  const files = await sourceFiles(path.join(root, "dashboard"));
  for (const file of [...files, ...BEYOND.map((name) => path.join(root, name))]) {
    hash
      .update(`${path.relative(root, file)}\0`)
      .update(await readFile(file))
      .update("\0");
  }
  return hash.digest("hex");
}

const isBuilt = (root: string): boolean => existsSync(path.join(root, "dashboard/dist/index.html"));

async function readStamp(root: string): Promise<string | undefined> {
  return await readFile(path.join(root, "dashboard/.built"), "utf8").catch(() => undefined);
}

/** @returns what vite said when it failed, otherwise undefined */
async function runVite(
  root: string,
  outDir: string,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const vite = path.join(root, VITE);
  if (!existsSync(vite)) return `${VITE} is not installed (were dev dependencies omitted?)`;
  const child = spawn(process.execPath, [vite, "build", "dashboard", "--outDir", outDir], {
    cwd: root,
    signal,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  }
  const code = await new Promise<number | string | null>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", resolve);
  });
  if (code === 0) return undefined;
  return [...output.trim().split("\n").slice(0, OUTPUT_LINES_MAX), `vite ended with ${code}`].join(
    "\n",
  );
}

/** Another start may do the same just now; both made the same, so either's will do. */
async function putInPlace(root: string, made: string): Promise<void> {
  const dist = path.join(root, "dashboard/dist");
  const aside = `${made}-old`;
  await rename(dist, aside).catch(() => undefined);
  try {
    await rename(made, dist);
  } catch (error) {
    if (!isBuilt(root)) throw error;
  }
  await rm(aside, { recursive: true, force: true });
}

/** Never throws: a server without a dashboard is better than none. */
export async function buildDashboard(options: BuildOptions = {}): Promise<DashboardBuild> {
  const { root = ROOT, onBuild, always = false, signal } = options;
  // Only what was built was delivered: there is nothing to build from, and nothing amiss.
  if (isBuilt(root) && !existsSync(path.join(root, "dashboard/src"))) return { state: "current" };
  let made: string | undefined;
  try {
    const hash = await hashSources(root);
    if (!always && isBuilt(root) && (await readStamp(root)) === hash) return { state: "current" };
    onBuild?.();
    made = await mkdtemp(path.join(root, "dashboard/dist-"));
    const startedAt = performance.now();
    const failure = await runVite(root, made, signal);
    if (failure !== undefined) return { state: "failed", stale: isBuilt(root), reason: failure };
    await putInPlace(root, made);
    await writeFile(path.join(root, "dashboard/.built"), hash);
    return { state: "built", ms: performance.now() - startedAt };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { state: "failed", stale: isBuilt(root), reason };
  } finally {
    if (made !== undefined) await rm(made, { recursive: true, force: true });
  }
}
