/**
 * Two real PostgreSQL servers, a primary and its streaming standby, made of the embedded binaries: the
 * standby is a copy of the stopped primary. Durable settings, as in production.
 */
import { once } from "node:events";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { type EmbeddedDatabase, startEmbedded } from "../../src/storage/embedded/start-embedded.ts";
import { migrate } from "../../src/storage/migrate.ts";
import { silentLog } from "./factories.ts";
import { portOf } from "./receiver.ts";

const POLL_MS = 20;
const DEADLINE_MS = 30_000;
/** Small: several servers run at once, and nothing here is about speed. */
const SMALL = { shared_buffers: "16MB", max_connections: "60", wal_receiver_status_interval: "1s" };

type Side = "a" | "b";

export class ReplicatedPostgres {
  readonly #folder: string;
  readonly #ports: Record<Side, number>;
  readonly #running = new Map<Side, EmbeddedDatabase>();
  #login = "";

  private constructor(folder: string, ports: Record<Side, number>) {
    this.#folder = folder;
    this.#ports = ports;
  }

  /** `a` is the primary with a migrated database, `b` follows it; replication is synchronous. */
  static async start(): Promise<ReplicatedPostgres> {
    const folder = await mkdtemp(path.join(tmpdir(), "amps-pair-"));
    const pair = new ReplicatedPostgres(folder, { a: await freePort(), b: await freePort() });
    const made = await pair.run("a");
    pair.#login = new URL(made.url).username + ":" + new URL(made.url).password;
    await migrate(made.url);
    await pair.stop("a");
    await cp(path.join(folder, "a"), path.join(folder, "b"), { recursive: true });
    await pair.follow("b");
    await pair.run("a");
    await pair.run("b");
    await pair.synchronous("a", true);
    return pair;
  }

  /** Both hosts, as an operator writes them. */
  get url(): string {
    const { a, b } = this.#ports;
    return `postgresql://${this.#login}@127.0.0.1:${a},127.0.0.1:${b}/amps?sslmode=disable`;
  }

  urlOf(side: Side): string {
    return `postgresql://${this.#login}@127.0.0.1:${this.#ports[side]}/amps?sslmode=disable`;
  }

  portOf(side: Side): number {
    return this.#ports[side];
  }

  async run(side: Side): Promise<EmbeddedDatabase> {
    const settings = { ...SMALL, port: String(this.#ports[side]), cluster_name: side };
    const dataDir = path.join(this.#folder, side);
    const database = await startEmbedded({ dataDir, log: silentLog, tcp: true, settings });
    this.#running.set(side, database);
    return database;
  }

  async stop(side: Side): Promise<void> {
    await this.#running.get(side)?.stop();
    this.#running.delete(side);
  }

  /** kill -9 of the postmaster; its processes follow at once. */
  async kill(side: Side): Promise<void> {
    const database = this.#running.get(side);
    if (database === undefined) throw new Error(`${side} does not run.`);
    process.kill(database.pid, "SIGKILL");
    await database.exited;
    this.#running.delete(side);
  }

  /** SIGSTOP to the postmaster and all its processes, or SIGCONT. */
  async signalAll(side: Side, signal: "SIGSTOP" | "SIGCONT", pids: number[]): Promise<void> {
    const database = this.#running.get(side);
    if (database === undefined) throw new Error(`${side} does not run.`);
    for (const pid of [database.pid, ...pids]) process.kill(pid, signal);
  }

  /** Makes a stopped server start as the standby of the other. */
  async follow(side: Side): Promise<void> {
    const other = side === "a" ? "b" : "a";
    const [user, password] = this.#login.split(":");
    const target = `host=127.0.0.1 port=${this.#ports[other]} user=${user} password=${password}`;
    const cluster = path.join(this.#folder, side, "postgres");
    await cp(path.join(cluster, "PG_VERSION"), path.join(cluster, "standby.signal"));
    await writeFile(
      path.join(cluster, "postgresql.auto.conf"),
      `primary_conninfo = '${target} sslmode=disable application_name=${side}'\n`,
    );
  }

  async promote(side: Side): Promise<void> {
    await this.query(side, "SELECT pg_promote(true, 30)");
  }

  /** Whether commits on `side` wait for its standby. Waits until the standby is there. */
  async synchronous(side: Side, on: boolean): Promise<void> {
    if (on) await this.#attached(side);
    await this.query(side, `ALTER SYSTEM SET synchronous_standby_names = '${on ? "*" : ""}'`);
    await this.query(side, "SELECT pg_reload_conf()");
    const deadline = performance.now() + DEADLINE_MS;
    for (;;) {
      const [row] = await this.query(side, "SHOW synchronous_standby_names");
      if (row?.["synchronous_standby_names"] === (on ? "*" : "")) return;
      if (performance.now() > deadline) throw new Error("The setting does not take effect.");
      await delay(POLL_MS);
    }
  }

  /** One statement on one of them, past the system under test. */
  async query(side: Side, text: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: this.urlOf(side) });
    client.on("error", () => undefined);
    await client.connect();
    try {
      // An array when there are several statements; here there is one.
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  }

  async close(): Promise<void> {
    for (const side of this.#running.keys()) await this.stop(side);
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #attached(side: Side): Promise<void> {
    const deadline = performance.now() + DEADLINE_MS;
    for (;;) {
      const rows = await this.query(side, "SELECT state FROM pg_stat_replication");
      if (rows.some(({ state }) => state === "streaming")) return;
      if (performance.now() > deadline) throw new Error(`No standby follows ${side}.`);
      await delay(POLL_MS);
    }
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, "127.0.0.1");
  await once(probe, "listening");
  const port = portOf(probe);
  probe.close();
  await once(probe, "close");
  return port;
}
