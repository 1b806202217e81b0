/** Who is logged in to the dashboard: digests of tokens, looked up with every request. */
import type { EnvironmentMode, UnixMs } from "../../core/types.ts";
import { statement, type Storage } from "../storage.ts";

export interface SessionEnvironment {
  environmentId: string;
  mode: EnvironmentMode;
  defaultApplicationId: string;
}

export interface DashboardSession {
  /** Ends then at the latest. */
  expiresAt: UnixMs;
  /** Its use was not noted for a minute. */
  stale: boolean;
  /** What it opens: everything. */
  environments: SessionEnvironment[];
}

const ADD = statement(
  "add-dashboard-session",
  `INSERT INTO dashboard_session (token_hash, created_at, used_at, expires_at)
   SELECT $1, at, at, at + $2::int * interval '1 second'
   FROM coalesce(to_timestamp($3::float8 / 1000), now()) AS at`,
);

/** @param tokenHash digest of the token, keyed by the password */
export async function addDashboardSession(
  storage: Storage,
  tokenHash: Buffer,
  lifetimeSeconds: number,
): Promise<void> {
  await storage.query(ADD, [tokenHash, lifetimeSeconds, storage.now()]);
}

const FIND = statement(
  "find-dashboard-session",
  `SELECT s.expires_at, s.used_at < at - interval '1 minute' AS stale,
     e.environment_id, e.mode, e.default_application_id
   FROM dashboard_session s
     CROSS JOIN coalesce(to_timestamp($2::float8 / 1000), now()) AS at
     CROSS JOIN environment e
   WHERE s.token_hash = $1 AND s.expires_at > at
     AND s.used_at > at - $3::int * interval '1 second'
   ORDER BY e.mode DESC`,
);

interface SessionRow {
  [column: string]: unknown;
  expires_at: UnixMs;
  stale: boolean;
  environment_id: string;
  mode: EnvironmentMode;
  default_application_id: string;
}

/** @returns undefined when there is none, or it has ended by its age or for not being used */
export async function findDashboardSession(
  storage: Storage,
  tokenHash: Buffer,
  idleSeconds: number,
): Promise<DashboardSession | undefined> {
  const rows = await storage.query<SessionRow>(FIND, [tokenHash, storage.now(), idleSeconds]);
  const [first] = rows;
  if (first === undefined) return undefined;
  const environments = rows.map((row) => ({
    environmentId: row.environment_id,
    mode: row.mode,
    defaultApplicationId: row.default_application_id,
  }));
  return { expiresAt: first.expires_at, stale: first.stale, environments };
}

const NOTE = statement(
  "note-dashboard-session-use",
  `UPDATE dashboard_session SET used_at = coalesce(to_timestamp($2::float8 / 1000), now())
   WHERE token_hash = $1`,
);

export async function noteSessionUse(storage: Storage, tokenHash: Buffer): Promise<void> {
  await storage.query(NOTE, [tokenHash, storage.now()]);
}

const END = statement(
  "end-dashboard-session",
  "DELETE FROM dashboard_session WHERE token_hash = $1",
);

export async function endDashboardSession(storage: Storage, tokenHash: Buffer): Promise<void> {
  await storage.query(END, [tokenHash]);
}
