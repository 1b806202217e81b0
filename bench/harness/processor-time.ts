/** CPU time of a PostgreSQL that runs on this machine, from Linux's /proc; elsewhere unknown. */
import { readdirSync, readFileSync } from "node:fs";

/** Of `sysconf(_SC_CLK_TCK)`: 100 on every Linux that matters. */
const TICK_US = 10_000;

interface ProcessTimes {
  parent: number;
  /** Its own and that of children it has buried. */
  ticks: number;
}

function readTimes(pid: number): ProcessTimes | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name before may hold spaces; after its bracket come state, parent, …, utime (12th) on.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = fields.slice(11, 15).reduce((sum, text) => sum + Number(text), 0);
    return { parent: Number(fields[1]), ticks };
  } catch {
    // It ended meanwhile, and its parent has its time.
    return undefined;
  }
}

/** Microseconds of the postmaster, its living and its buried children; undefined: not to be known. */
export function postgresCpuUs(postmaster: number | undefined): number | undefined {
  if (postmaster === undefined || process.platform !== "linux") return undefined;
  let ticks = readTimes(postmaster)?.ticks ?? 0;
  for (const name of readdirSync("/proc")) {
    const times = /^\d+$/.test(name) ? readTimes(Number(name)) : undefined;
    if (times?.parent === postmaster) ticks += times.ticks;
  }
  return ticks * TICK_US;
}
