/**
 * A primary and its streaming standby on fixed addresses. Whichever died is made anew as the standby
 * of the other, by a base backup through PostgreSQL's own functions: the embedded binaries have no
 * pg_basebackup.
 */
import { execFileSync } from "node:child_process";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import pg from "pg";
import { until } from "./observer.ts";
import { PostgresServer } from "./postgres.ts";

/** A standby that starts fetches what was written during its copy from the primary. */
const SETTINGS = { wal_keep_size: "512MB", shared_buffers: "32MB", max_wal_senders: "10" };

export class ReplicatedPostgres {
  primary: PostgresServer;
  standby: PostgresServer;

  private constructor(primary: PostgresServer, standby: PostgresServer) {
    this.primary = primary;
    this.standby = standby;
  }

  static async create(folder: string): Promise<ReplicatedPostgres> {
    const [a, b] = [path.join(folder, "a"), path.join(folder, "b")];
    const primary = await PostgresServer.create(a, { settings: SETTINGS });
    // The same password on both sides.
    await mkdir(b, { recursive: true, mode: 0o700 });
    await cp(path.join(a, "secrets"), path.join(b, "secrets"), { recursive: true });
    const standby = await PostgresServer.prepare(b, { settings: SETTINGS });
    return new ReplicatedPostgres(primary, standby);
  }

  /** Both hosts, as an operator writes them; their order never changes. */
  get url(): string {
    const addresses = [this.primary.address, this.standby.address].sort();
    return this.primary.url("amps", addresses.join(","));
  }

  /** Makes the standby anew from the primary; with `synchronous`, commits then wait for it. */
  async attachStandby(synchronous: boolean): Promise<void> {
    await this.#copyToStandby();
    await this.standby.start();
    const { primary } = this;
    await until("the standby follows", async () => {
      const rows = await primary.query(
        "SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'",
      );
      return rows.length > 0;
    });
    if (!synchronous) return;
    await primary.query("ALTER SYSTEM SET synchronous_standby_names = '*'");
    await primary.query("SELECT pg_reload_conf()");
    await until("the standby is synchronous", async () => {
      const rows = await primary.query(
        "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'",
      );
      return rows.length > 0;
    });
  }

  /** The standby no longer hears from its primary: it falls behind. */
  async interruptReplication(): Promise<void> {
    await this.standby.query("ALTER SYSTEM SET primary_conninfo = ''");
    await this.standby.query("SELECT pg_reload_conf()");
  }

  /** kill -9 of every process of the primary, as when its machine dies. */
  async killPrimary(): Promise<void> {
    const { pid } = this.primary;
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
    const killed = this.primary.kill();
    for (const child of children.trim().split(" ").filter(Boolean)) {
      try {
        process.kill(Number(child), "SIGKILL");
      } catch {
        // It ended by itself, its postmaster being gone.
      }
    }
    await killed;
  }

  /** The standby becomes the primary, and takes writes alone from now on. */
  async promote(): Promise<void> {
    await this.standby.query("SELECT pg_promote(true, 60)");
    [this.primary, this.standby] = [this.standby, this.primary];
  }

  async stop(): Promise<void> {
    await this.standby.stopImmediately();
    await this.primary.stopImmediately();
  }

  async #copyToStandby(): Promise<void> {
    const { primary, standby } = this;
    await rm(standby.cluster, { recursive: true, force: true });
    const client = new pg.Client({ connectionString: primary.url("postgres") });
    await client.connect();
    await client.query("SELECT pg_backup_start('prove', true)");
    // Files may vanish while they are copied; the log makes up for it. `-a` keeps their owner.
    execFileSync("sh", [
      "-c",
      'cp -a "$0" "$1" 2>/dev/null || true',
      primary.cluster,
      standby.cluster,
    ]);
    const { rows } = await client.query<{ labelfile: string }>(
      "SELECT labelfile FROM pg_backup_stop(false)",
    );
    await client.end();
    const inside = (name: string): string => path.join(standby.cluster, name);
    await writeFile(inside("backup_label"), rows[0]?.labelfile ?? "");
    await rm(inside("postmaster.pid"), { force: true });
    const { host, port } = primary;
    const { password } = primary.launcher.directory;
    await writeFile(
      inside("postgresql.auto.conf"),
      `primary_conninfo = 'host=${host} port=${port} user=amps password=${password} sslmode=disable'\n`,
    );
    await writeFile(inside("standby.signal"), "");
    // The new files belong to whoever the cluster belongs to.
    execFileSync("chown", [
      "--reference",
      inside("PG_VERSION"),
      ...["backup_label", "standby.signal"].map(inside),
    ]);
  }
}
