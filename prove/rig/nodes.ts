/**
 * Server processes on one database. Each connects under a role of its own, so that the database can
 * tell at any time which node id is whose: a node that was taken for dead joins again under a new one.
 */
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
  /** The database role it connects under. */
  role: string;
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
  #count = 0;

  constructor(options: NodesOptions) {
    this.#options = options;
    this.observer = new Observer(options.observerUrl ?? options.databaseUrl);
    this.#env = {
      ...PROOF_ENV,
      AMPS_MASTER_KEY: randomBytes(32).toString("base64"),
      ...options.env,
    };
  }

  get live(): readonly ProvedNode[] {
    return this.#live;
  }

  /** Bound, so that a load can ask. */
  readonly urls = (): string[] => this.#live.map(({ url }) => url);

  async start(changes: Partial<ServerProcessOptions> = {}): Promise<ProvedNode> {
    const { folder, entry, databaseUrl } = this.#options;
    const role = `node_${(this.#count += 1)}`;
    const password = randomBytes(16).toString("hex");
    await this.observer.query(`CREATE ROLE ${role} SUPERUSER LOGIN PASSWORD '${password}'`);
    const dataDir = path.join(folder, "node");
    mkdirSync(dataDir, { recursive: true });
    const process = await startServerProcess({
      dataDir,
      ...(entry !== undefined && { entry }),
      ...changes,
      env: {
        ...this.#env,
        DATABASE_URL: databaseUrl.replace(/\/\/[^@]*@/, `//${role}:${password}@`),
        ...changes.env,
      },
    });
    this.#all.add(process);
    const node = { url: process.url, process, role };
    this.#live.push(node);
    return node;
  }

  /** The id it goes by now; between two of them, waits for the next. */
  async identify({ role }: ProvedNode): Promise<string> {
    let id: string | undefined;
    await until(
      `${role} is a node`,
      async () => (id = await this.observer.nodeIdOf(role)) !== undefined,
    );
    return id ?? "";
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

  /** Resolves with the milliseconds until every bucket has a living owner, and not this one. */
  async takenOver(nodeId: string, sinceMs: number): Promise<number> {
    await until("the dead node's buckets were taken over", async () => {
      return (await this.observer.orphans(nodeId)) === 0;
    });
    return performance.now() - sinceMs;
  }

  /** kill -9 for all that is left: nothing of theirs is needed any more. */
  async killAll(): Promise<void> {
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
