/** What the database is that this node uses just now, for people. */
import type { UnixMs } from "../core/types.ts";
import { statement, type Storage } from "./storage.ts";

export interface DatabaseFacts {
  /** `18.4` */
  version: string;
  /** As it sees itself; null over a unix socket. */
  host: string | null;
  port: number | null;
  role: "primary" | "standby";
  /** Standbys that stream from it. */
  standbys: number;
  /** Commits wait for one of them. */
  synchronous: boolean;
  startedAt: UnixMs;
}

const DESCRIBE = statement(
  "describe-database",
  `SELECT current_setting('server_version') AS version, host(inet_server_addr()) AS host,
     inet_server_port() AS port, pg_is_in_recovery() AS recovering,
     (SELECT count(*)::int FROM pg_stat_replication) AS standbys,
     current_setting('synchronous_standby_names') <> '' AS synchronous,
     pg_postmaster_start_time() AS started_at`,
);

interface DatabaseRow {
  [column: string]: unknown;
  version: string;
  host: string | null;
  port: number | null;
  recovering: boolean;
  standbys: number;
  synchronous: boolean;
  started_at: UnixMs;
}

export async function describeDatabase(storage: Storage): Promise<DatabaseFacts> {
  const [row] = await storage.query<DatabaseRow>(DESCRIBE, []);
  if (row === undefined) throw new Error("The database did not describe itself.");
  const { version, host, port, standbys, synchronous } = row;
  return {
    // Packagers add their own words.
    version: version.split(" ")[0] ?? version,
    host,
    port,
    role: row.recovering ? "standby" : "primary",
    standbys,
    synchronous,
    startedAt: row.started_at,
  };
}
