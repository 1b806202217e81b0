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

/** From outside, so that no product code measures itself. */
function watchStatements(): void {
  const { query } = Storage.prototype;
  Storage.prototype.query = async function timed(declared, values) {
    const startedAt = performance.now();
    // The rows have the type that the caller asked for.
    const rows = (await query.call(this, declared, values)) as never;
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

  /** Milliseconds of every run of the statements whose name begins so. */
  async statementMs({ prefix }: { prefix: string }): Promise<number[]> {
    const matching = [...(statementMs ?? [])].filter(([name]) => name.startsWith(prefix));
    return matching.flatMap(([, durations]) => durations);
  },
} satisfies Methods;

export type Server = typeof methods;

serve(methods);
