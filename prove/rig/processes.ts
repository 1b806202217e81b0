/** Stopping a process with all that it started, wherever they are, as a power cut does. Linux only. */
import { readdirSync, readFileSync } from "node:fs";
import { until } from "./observer.ts";

interface Known {
  parent: number;
  state: string;
}

function look(pid: number): Known | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name before may hold spaces; after its bracket come state and parent.
    const [state = "", parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}

function childrenOf(pid: number): number[] {
  const pids = readdirSync("/proc").map(Number).filter(Number.isInteger);
  return pids.filter((each) => look(each)?.parent === pid);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended meanwhile.
  }
}

/** Each parent before its children, so that none is started behind our back. @returns all that are stopped */
export async function freeze(pid: number): Promise<number[]> {
  signal(pid, "SIGSTOP");
  const isStill = (): boolean => ["T", "Z", undefined].includes(look(pid)?.state);
  await until(`process ${pid} stands still`, isStill, { pollMs: 1 });
  const below: number[] = [];
  for (const child of childrenOf(pid)) below.push(...(await freeze(child)));
  return [pid, ...below];
}

/** kill -9 for each; resolves when all are gone. */
export async function annihilate(pids: readonly number[]): Promise<void> {
  for (const pid of pids.toReversed()) signal(pid, "SIGKILL");
  const isGone = (pid: number): boolean => ["Z", undefined].includes(look(pid)?.state);
  await until("all are dead", () => pids.every(isGone), { pollMs: 5 });
}
