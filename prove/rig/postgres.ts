/**
 * A PostgreSQL of its own for an experiment, from the binaries that Amps embeds, on loopback TCP: it
 * can be stopped the hard way and started again under the same address, which the embedded one of a
 * server cannot.
 */
import { once } from "node:events";
import { appendFile } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { findPackage, prepareBinaries } from "../../src/storage/embedded/binaries.ts";
import { prepareDataDirectory } from "../../src/storage/embedded/data-directory.ts";
import { initialise } from "../../src/storage/embedded/initialise.ts";
import { canDieWithParent } from "../../src/storage/embedded/privileges.ts";
import {
  type Launcher,
  type ServerProcess,
  SETTINGS,
  type Settings,
  spawnServer,
} from "../../src/storage/embedded/server-process.ts";
import { portOf } from "../../test/support/receiver.ts";

const READY_MS_MAX = 60_000;
const POLL_MS = 20;
const POSTGRES_USER = "amps";

export async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, "127.0.0.1");
  await once(probe, "listening");
  const port = portOf(probe);
  probe.close();
  await once(probe, "close");
  return port;
}

export class PostgresServer {
  readonly launcher: Launcher;
  readonly port: number;
  readonly host: string;
  /** Over the standard settings, for the next start. */
  settings: Settings;
  #process: ServerProcess | undefined;

  private constructor(launcher: Launcher, port: number, host: string, settings: Settings) {
    this.launcher = launcher;
    this.port = port;
    this.host = host;
    this.settings = settings;
  }

  /** Prepared, neither initialised nor started. */
  static async prepare(
    folder: string,
    { settings = {}, host = "127.0.0.1" }: { settings?: Settings; host?: string } = {},
  ): Promise<PostgresServer> {
    const directory = await prepareDataDirectory(folder);
    const packageFolder = findPackage(`${process.platform}-${process.arch}`);
    const binaries = await prepareBinaries(packageFolder, path.join(directory.folder, "lib"));
    const launcher = { binaries, directory, dieWithParent: canDieWithParent() };
    return new PostgresServer(launcher, await freePort(), host, settings);
  }

  /** Initialised and running, with a database `amps`; `clients` may connect beside loopback. */
  static async create(
    folder: string,
    options: { settings?: Settings; host?: string; clients?: string } = {},
  ): Promise<PostgresServer> {
    const server = await PostgresServer.prepare(folder, options);
    await initialise(server.launcher);
    if (options.clients !== undefined) {
      const rule = `host all all ${options.clients} scram-sha-256\n`;
      await appendFile(path.join(server.cluster, "pg_hba.conf"), rule);
    }
    await server.start();
    await server.createDatabase("amps");
    return server;
  }

  get pid(): number {
    const pid = this.#process?.child.pid;
    if (pid === undefined) throw new Error("This PostgreSQL does not run.");
    return pid;
  }

  get running(): boolean {
    return this.#process !== undefined && this.#process.ended() === undefined;
  }

  get cluster(): string {
    return this.launcher.directory.cluster;
  }

  /** `host:port`, as in a connection URL. */
  get address(): string {
    return `${this.host}:${this.port}`;
  }

  url(database = "amps", addresses = this.address): string {
    const { password } = this.launcher.directory;
    return `postgresql://${POSTGRES_USER}:${password}@${addresses}/${database}?sslmode=disable`;
  }

  /** Resolves when it takes connections; tries again while a killed one still holds its files. */
  async start(): Promise<void> {
    const deadline = performance.now() + READY_MS_MAX;
    const settings = { ...SETTINGS, ...this.settings, listen_addresses: this.host };
    this.#process = await spawnServer(this.launcher, settings, this.port);
    while (!(await this.#answers())) {
      if (performance.now() > deadline) {
        throw new Error(`PostgreSQL did not start:\n${await this.#process.logTail()}`);
      }
      if (this.#process.ended() !== undefined) {
        await delay(100);
        this.#process = await spawnServer(this.launcher, settings, this.port);
      }
      await delay(POLL_MS);
    }
  }

  /** Immediate shutdown: what is not in the log on disk is gone, as after a power cut of the server. */
  async stopImmediately(): Promise<void> {
    await this.#end("SIGQUIT");
  }

  /** kill -9 of the postmaster; its backends notice and end. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Fast shutdown, everything on disk. */
  async stop(): Promise<void> {
    await this.#end("SIGINT");
  }

  async createDatabase(name: string): Promise<string> {
    const client = await this.#connect("postgres");
    await client.query(`CREATE DATABASE ${name}`);
    await client.end();
    return this.url(name);
  }

  /** A statement as superuser, on a connection of its own. */
  async query<R extends pg.QueryResultRow>(text: string, database = "postgres"): Promise<R[]> {
    const client = await this.#connect(database);
    try {
      return (await client.query<R>(text)).rows;
    } finally {
      await client.end();
    }
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (running === undefined || running.ended() !== undefined) return;
    running.child.ref();
    running.child.kill(signal);
    await running.exit;
  }

  async #connect(database: string): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.url(database),
      application_name: "prove",
    });
    client.on("error", () => undefined);
    await client.connect();
    return client;
  }

  async #answers(): Promise<boolean> {
    try {
      await this.query("SELECT 1");
      return true;
    } catch {
      return false;
    }
  }
}
