/**
 * Further processes of this machine that deliver (`AMPS_PROCESSES`): the same program with the role
 * engine, on the same database, each a node with its share of the buckets. They are told the
 * connection in their environment, never on a command line, which every user of a machine can read.
 *
 *   running ─ends─► backing off ─► running        askToStop ─► finishing ─► ended
 *
 * Their channel to this process closes with it, however it ends, and they stop when it does.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Clock, Log } from "./core/types.ts";

const PROGRAM = fileURLToPath(new URL("./main.ts", import.meta.url));
const BACKOFF_MS = 1_000;
const BACKOFF_MS_MAX = 30_000;
/** Whoever ran so long did not end for how it was started. */
const STEADY_MS = 60_000;

export interface WorkersOptions {
  count: number;
  /** Of each of them. */
  environment: Readonly<Record<string, string>>;
  clock: Clock;
  log: Log;
}

export class Workers {
  readonly #options: WorkersOptions;
  readonly #running = new Map<ChildProcess, Promise<void>>();
  readonly #restarts = new Set<() => void>();
  #stopping = false;

  constructor(options: WorkersOptions) {
    this.#options = options;
  }

  start(): void {
    for (let index = 0; index < this.#options.count; index += 1) this.#run(BACKOFF_MS);
  }

  /** They finish what is under way and end, while this process goes on. */
  askToStop(): void {
    this.#stopping = true;
    for (const cancel of this.#restarts) cancel();
    for (const child of this.#running.keys()) if (child.connected) child.disconnect();
  }

  /** Resolves when all have ended. */
  async stopped(): Promise<void> {
    this.askToStop();
    await Promise.all(this.#running.values());
  }

  #run(backoffMs: number): void {
    const { environment, clock, log } = this.#options;
    const startedAt = clock.monotonic();
    const child = spawn(process.execPath, [...process.execArgv, PROGRAM], {
      env: environment,
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      // Ctrl-C reaches the whole group of the terminal; these are stopped by us, in order.
      detached: true,
    });
    const ended = Promise.withResolvers<void>();
    this.#running.set(child, ended.promise);
    const onEnd = (reason: object): void => {
      if (!this.#running.delete(child)) return;
      ended.resolve();
      if (this.#stopping) return;
      const steady = clock.monotonic() - startedAt > STEADY_MS;
      const delayMs = steady ? BACKOFF_MS : backoffMs;
      log.warn(
        { ...reason, workerPid: child.pid, delayMs },
        "A delivering process ended; it is started again.",
      );
      const cancel = clock.after(delayMs, () => {
        this.#restarts.delete(cancel);
        this.#run(Math.min(delayMs * 2, BACKOFF_MS_MAX));
      });
      this.#restarts.add(cancel);
    };
    child.once("exit", (code, signal) => onEnd({ code, signal }));
    child.once("error", (err) => onEnd({ err }));
  }
}
