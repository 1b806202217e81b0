/** A PostgreSQL of its own, for a simulation outside the test suite. */
import { startEmbedded, type EmbeddedDatabase } from "../../src/storage/embedded/start-embedded.ts";
import { migrate } from "../../src/storage/migrate.ts";

const LOG = { debug() {}, info() {}, warn: console.warn, error: console.error };
/** What it would keep over a power cut is not asked here. */
const SETTINGS = { fsync: "off", synchronous_commit: "off", autovacuum: "off" };

/** @returns migrated, to be stopped */
export async function startOwnDatabase(dataDir: string): Promise<EmbeddedDatabase> {
  const database = await startEmbedded({ dataDir, log: LOG, settings: SETTINGS });
  await migrate(database.url);
  return database;
}
