/** Forgets sessions and login links of the dashboard that have expired; there are never many. */
import type { UnixMs } from "../../core/types.ts";
import { statement, type Storage } from "../storage.ts";

const PRUNE_SESSIONS = statement(
  "prune-dashboard-sessions",
  "DELETE FROM dashboard_session WHERE expires_at < to_timestamp($1::float8 / 1000)",
);
const PRUNE_LINKS = statement(
  "prune-login-links",
  "DELETE FROM login_link WHERE expires_at < to_timestamp($1::float8 / 1000)",
);

export async function pruneLogins(storage: Storage, before: UnixMs): Promise<void> {
  await storage.query(PRUNE_SESSIONS, [before]);
  await storage.query(PRUNE_LINKS, [before]);
}
