/** What a figure is worth nothing without: machine, runtime, commit. */
import { execFileSync } from "node:child_process";
import { cpus, loadavg, totalmem } from "node:os";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "../..");
const GIB = 1024 ** 3;

/** Processors that are busy before anything is measured: above this part of them, say so. */
const BUSY_SHARE = 0.25;

export interface Surroundings {
  machine: string;
  node: string;
  commit: string;
  /** Load average of the last minute, before the start. */
  loadBefore: number;
  /** So much that rates, and ratios of rates, cannot be trusted. */
  busy: boolean;
}

function git(...args: string[]): string {
  return execFileSync("git", args, { cwd: ROOT, encoding: "utf8", stdio: "pipe" }).trim();
}

function readCommit(): string {
  try {
    const changed = git("status", "--porcelain", "--untracked-files=no") === "" ? "" : " + changes";
    return git("rev-parse", "--short", "HEAD") + changed;
  } catch {
    return "unknown (no git)";
  }
}

export function readSurroundings(): Surroundings {
  const cores = cpus();
  const model = cores[0]?.model.trim() ?? "unknown processor";
  const [loadBefore = 0] = loadavg();
  const memory = `${Math.round(totalmem() / GIB)} GiB`;
  return {
    machine: `${cores.length} × ${model}, ${memory}, ${process.platform}-${process.arch}`,
    node: process.version,
    commit: readCommit(),
    loadBefore,
    busy: loadBefore > cores.length * BUSY_SHARE,
  };
}
