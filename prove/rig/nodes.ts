/** Server processes on one database, known by the ids under which they registered. */
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import path from "node:path";
import {
  type ServerProcess,
  type ServerProcessOptions,
  startServerProcess,
} from "../../test/support/server-process.ts";
import { Observer, until } from "./observer.ts";

export interface ProvedNode {
  url: string;
  process: ServerProcess;
  /** The id it registered under when it started. */
  nodeId: string;
}

export interface NodesOptions {
  databaseUrl: string;
  /** Where to look for the nodes; by default `databaseUrl`, which may name several hosts. */
  observerUrl?: string;
  /** For what each node keeps on disk. */
  folder: string;
  env?: Record<string, string>;
  entry?: string;
}

/** Each failed attempt is tried again soon: an experiment shall not wait for a schedule. */
export const PROOF_ENV: Readonly<Record<string, string>> = {
  AMPS_LOG_LEVEL: "silent",
  AMPS_SANDBOX_BATTERIES: "0",
  AMPS_RETRY_SCHEDULE: Array.from({ length: 20 }, () => "1s").join(","),
};

export class Nodes {
  readonly observer: Observer;
  readonly #options: NodesOptions;
  readonly #env: Record<string, string>;
  readonly #all = new Set<ServerProcess>();
  #live: ProvedNode[] = [];
  #starting: Promise<unknown> = Promise.resolve();

  constructor(options: NodesOptions) {
    this.#options = options;
    this.observer = new Observer(options.observerUrl ?? options.databaseUrl);
    this.#env = {
      ...PROOF_ENV,
      AMPS_MASTER_KEY: randomBytes(32).toString("base64"),
      DATABASE_URL: options.databaseUrl,
      ...options.env,
    };
  }

  get live(): readonly ProvedNode[] {
    return this.#live;
  }

  /** Bound, so that a load can ask. */
  readonly urls = (): string[] => this.#live.map(({ url }) => url);

  /** One at a time, so that each one's id is known. */
  start(changes: Partial<ServerProcessOptions> = {}): Promise<ProvedNode> {
    const started = this.#starting.then(() => this.#start(changes));
    this.#starting = started.catch(() => undefined);
    return started;
  }

  async #start(changes: Partial<ServerProcessOptions>): Promise<ProvedNode> {
    const { folder, entry } = this.#options;
    const before = new Set(await this.observer.nodeIds().catch(() => []));
    const dataDir = path.join(folder, "node");
    mkdirSync(dataDir, { recursive: true });
    const process = await startServerProcess({
      dataDir,
      ...(entry !== undefined && { entry }),
      ...changes,
      env: { ...this.#env, ...changes.env },
    });
    this.#all.add(process);
    const fresh = (await this.observer.nodeIds()).filter((id) => !before.has(id));
    // Another may have joined anew meanwhile; ids sort by time, and ours is not the newest then.
    const node = { url: process.url, process, nodeId: fresh.sort()[0] ?? "" };
    this.#live.push(node);
    return node;
  }

  /** No load goes there any more. */
  retire(node: ProvedNode): void {
    this.#live = this.#live.filter((each) => each !== node);
  }

  /** Load may go there again. */
  restore(node: ProvedNode): void {
    this.#live.push(node);
  }

  async kill(node: ProvedNode): Promise<void> {
    this.retire(node);
    await node.process.kill();
    this.#all.delete(node.process);
  }

  /** Resolves with the milliseconds until every bucket has a living owner. */
  async takenOver(node: ProvedNode, sinceMs: number): Promise<number> {
    await until("the dead node's buckets were taken over", async () => {
      return (await this.observer.orphans(node.nodeId)) === 0;
    });
    return performance.now() - sinceMs;
  }

  /** kill -9 for all that is left: nothing of theirs is needed any more. */
  async killAll(): Promise<void> {
    await this.#starting;
    await Promise.all(
      [...this.#all].map(async (process) => {
        process.child.kill("SIGCONT");
        if (process.child.exitCode === null && process.child.signalCode === null) {
          await process.kill();
        }
      }),
    );
  }
}
