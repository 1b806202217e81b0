/** A PostgreSQL of its own for a simulation outside the test suite, gone afterwards. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { startEmbedded } from "../../src/storage/embedded/start-embedded.ts";
import { migrate } from "../../src/storage/migrate.ts";

const LOG = { debug() {}, info() {}, warn: console.warn, error: console.error };
/** What it would keep over a power cut is not asked here. */
const SETTINGS = { fsync: "off", synchronous_commit: "off", autovacuum: "off" };

export async function withDatabase<T>(work: (url: string) => Promise<T>): Promise<T> {
  const dataDir = await mkdtemp(path.join(tmpdir(), "amps-simulation-"));
  try {
    const database = await startEmbedded({ dataDir, log: LOG, settings: SETTINGS });
    try {
      await migrate(database.url);
      return await work(database.url);
    } finally {
      await database.stop();
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}
