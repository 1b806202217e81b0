/** The product, composed by itself, in a process of its own that can be asked what it costs. */
import { readFileSync } from "node:fs";
import { pino } from "pino";
import { loadConfig } from "../../src/config.ts";
import { type RunningServer, startServer } from "../../src/server.ts";
import { Storage } from "../../src/storage/storage.ts";
import { type Methods, serve } from "../harness/child.ts";
import { monotonicMs } from "../harness/time.ts";

let running: RunningServer | undefined;
/** How long each statement took, as the product sees it, by name; null: not wanted. */
let statementMs: Map<string, number[]> | null = null;
/** Message of an action → when the product learned that its settling is committed (monotonic). */
const settledAt = new Map<string, number>();

/** Among the statement's values are the ids of the messages it makes. */
function noteSettled(values: unknown[]): void {
  const at = monotonicMs();
  for (const value of values) {
    if (!Array.isArray(value)) continue;
    for (const id of value)
      if (typeof id === "string" && id.startsWith("msg_")) settledAt.set(id, at);
  }
}

/** From outside, so that no product code measures itself. */
function watchStatements(): void {
  const { query } = Storage.prototype;
  Storage.prototype.query = async function timed(declared, values) {
    const startedAt = performance.now();
    // The rows have the type that the caller asked for.
    const rows = (await query.call(this, declared, values)) as never;
    if (declared.name === "settle-actions") noteSettled(values);
    const known = statementMs?.get(declared.name);
    if (known === undefined) statementMs?.set(declared.name, [performance.now() - startedAt]);
    else known.push(performance.now() - startedAt);
    return rows;
  };
}

/** `VmHWM` of Linux; elsewhere what `getrusage` says, which is the same figure. */
function readPeakBytes(): number {
  try {
    const status = readFileSync("/proc/self/status", "utf8");
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}

export interface Started {
  url: string;
  /** Monotonic, right before the product was started. */
  startedAt: number;
}

const methods = {
  async start({
    env,
    watch = false,
  }: {
    env: Record<string, string>;
    watch?: boolean;
  }): Promise<Started> {
    const loaded = loadConfig(env, []);
    if (!("config" in loaded)) throw new Error(`Bad configuration: ${JSON.stringify(loaded)}`);
    if (watch) {
      statementMs = new Map();
      watchStatements();
    }
    const log = pino({ level: "error" }, pino.destination(2));
    const startedAt = monotonicMs();
    running = await startServer(loaded.config, { log, version: "bench", tell: () => undefined });
    return { url: running.facts.url ?? "", startedAt };
  },

  async stop(): Promise<void> {
    await running?.stop();
  },

  /** User and system time since the process began. */
  async cpuUs(): Promise<number> {
    const { user, system } = process.cpuUsage();
    return user + system;
  },

  /** Most memory ever resident. */
  async peakBytes(): Promise<number> {
    return readPeakBytes();
  },

  /** Since the last call. @returns message id → when its action's settling was committed */
  async settled(): Promise<Map<string, number>> {
    const settled = new Map(settledAt);
    settledAt.clear();
    return settled;
  },

  /** Milliseconds of every run of the statements whose name begins so. */
  async statementMs({ prefix }: { prefix: string }): Promise<number[]> {
    const matching = [...(statementMs ?? [])].filter(([name]) => name.startsWith(prefix));
    return matching.flatMap(([, durations]) => durations);
  },
} satisfies Methods;

export type Server = typeof methods;

serve(methods);
