/**
 * Brings a database to this program's schema: numbered SQL files, forward only, one transaction per
 * file, under an advisory lock, so that several nodes may start at once.
 */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type pg from "pg";
import type { Log } from "../core/types.ts";
import { Primary } from "./primary/primary.ts";
import type { Timelines } from "./primary/timelines.ts";

const MIGRATIONS_FOLDER = fileURLToPath(new URL("./migrations/", import.meta.url));
/** Any fixed number will do; all nodes must use the same. */
const MIGRATION_LOCK = 7_302_001;
const CONNECT_MS_MAX = 5_000;
const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };

interface Migration {
  number: number;
  name: string;
  text: string;
  checksum: string;
}

async function readMigrations(): Promise<Migration[]> {
  const names = (await readdir(MIGRATIONS_FOLDER)).filter((name) => name.endsWith(".sql")).sort();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(`${MIGRATIONS_FOLDER}${name}`, "utf8");
      const checksum = createHash("sha256").update(text).digest("hex");
      return { number: Number(name.slice(0, 4)), name, text, checksum };
    }),
  );
}

/**
 * Applies what is missing and returns the names of what was applied, in order.
 * @throws when an applied file was changed afterwards; a newer schema than this program's is left alone.
 */
export async function migrate(
  connectionUrl: string,
  { log = SILENT, timelines }: { log?: Log; timelines?: Timelines } = {},
): Promise<string[]> {
  const primary = new Primary({
    connectionUrl,
    log,
    ...(timelines !== undefined && { timelines }),
    connection: { connectionTimeoutMillis: CONNECT_MS_MAX },
  });
  try {
    return await migrateOn(await primary.session("amps migrate"));
  } finally {
    await primary.close();
  }
}

async function migrateOn(client: pg.Client): Promise<string[]> {
  try {
    await client.query("SELECT pg_advisory_lock($1)", [MIGRATION_LOCK]);
    await client.query(
      `CREATE TABLE IF NOT EXISTS migration (
         number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
         applied_at timestamptz NOT NULL DEFAULT now())`,
    );
    return await applyMissing(client, await readMigrations());
  } finally {
    await client.end();
  }
}

async function applyMissing(client: pg.Client, migrations: Migration[]): Promise<string[]> {
  const { rows } = await client.query<{ number: number; checksum: string }>(
    "SELECT number, checksum FROM migration",
  );
  const applied = new Map(rows.map((row) => [row.number, row.checksum]));
  const names: string[] = [];
  for (const migration of migrations) {
    const checksum = applied.get(migration.number);
    if (checksum === migration.checksum) continue;
    if (checksum !== undefined) {
      throw new Error(
        `Migration ${migration.name} was changed after it was applied to this database. ` +
          "Restore the file as it was released, and put the change into a new migration.",
      );
    }
    await apply(client, migration);
    names.push(migration.name);
  }
  return names;
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  await client.query("BEGIN");
  try {
    await client.query("SET LOCAL lock_timeout = '1s'");
    await client.query(migration.text);
    await client.query("INSERT INTO migration (number, name, checksum) VALUES ($1, $2, $3)", [
      migration.number,
      migration.name,
      migration.checksum,
    ]);
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK");
    throw new Error(`Migration ${migration.name} failed; nothing of it was applied.`, {
      cause: error,
    });
  }
}
