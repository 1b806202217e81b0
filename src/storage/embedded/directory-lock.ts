/**
 * The session lock by which one Amps server owns a data directory. PostgreSQL frees it when the
 * connection ends, so it needs no cleaning up after a kill -9. It is found again when PostgreSQL
 * restarts itself after a crash of one of its processes.
 */
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";

/** Any fixed number will do; held in the database `postgres`. */
const SERVER_LOCK = 7_302_003;
const NAME = "amps server";
/**
 * Who found the database running lets whoever started it take the lock first: the starter's end
 * would take the database down with it.
 */
const COURTESY_MS = 1_000;
const POLL_MS = 25;

/** Of a database that starts, stops or is being recovered: it will answer later, or be gone. */
const NOT_YET_CODES = new Set(["57P03", "57P01", "57P02", "53300", "ECONNREFUSED", "ENOENT"]);

export class DirectoryInUseError extends Error {}

export function isNotYet(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("code" in error && typeof error.code === "string" && NOT_YET_CODES.has(error.code)) {
    return true;
  }
  return /Connection terminated|ECONNRESET|EPIPE/.test(error.message);
}

/** @throws an error for which `isNotYet` holds while the database does not take connections */
export async function connect(url: string): Promise<Client> {
  const client = new Client({
    connectionString: url,
    application_name: `${NAME} ${process.pid}`,
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
  });
  // The connection's end is noticed by its `end` event.
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
  return client;
}

/**
 * @param started whether this process started the database, or found it running
 * @throws DirectoryInUseError, after ending the connection, naming the process that holds the lock
 */
export async function takeLock(client: Client, dataDir: string, started: boolean): Promise<void> {
  const deadline = performance.now() + (started ? 0 : COURTESY_MS);
  while (performance.now() < deadline) {
    if ((await findHolder(client)) !== undefined) break;
    await delay(POLL_MS);
  }
  const { rows } = await client.query<{ locked: boolean }>(
    "SELECT pg_try_advisory_lock($1) AS locked",
    [SERVER_LOCK],
  );
  if (rows[0]?.locked === true) return;
  const holder = (await findHolder(client)) ?? "unknown";
  await client.end();
  throw new DirectoryInUseError(
    `Another Amps server already uses the data directory ${dataDir} (process ${holder}). ` +
      "Stop it, or start this one with another AMPS_DATA_DIR.",
  );
}

/** Process id of the Amps server that holds the lock. */
async function findHolder(client: Client): Promise<string | undefined> {
  const { rows } = await client.query<{ application_name: string }>(
    `SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid = $1 AND objsubid = 1`,
    [SERVER_LOCK],
  );
  return rows[0]?.application_name.replace(`${NAME} `, "");
}

/** Makes the database that everything lives in, on the first start. */
export async function ensureDatabase(client: Client, name: "amps"): Promise<void> {
  const { rowCount } = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [name]);
  if (rowCount === 0) await client.query(`CREATE DATABASE ${name}`);
}
