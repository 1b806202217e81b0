/**
 * One embedded PostgreSQL for the whole test run, with a migrated template database that each test
 * file clones. Durability is off here: tests about durability start servers of their own.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Client } from "pg";
import type { TestProject } from "vitest/node";
import type { Log } from "../../src/core/types.ts";
import { startEmbedded } from "../../src/storage/embedded/start-embedded.ts";
import { migrate } from "../../src/storage/migrate.ts";
import { currentDashboard } from "./current-dashboard.ts";

declare module "vitest" {
  interface ProvidedContext {
    databaseUrl: string;
  }
}

const log: Log = { debug() {}, info() {}, warn: console.warn, error: console.error };

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Or each of the servers that tests start would build it.
  await currentDashboard();
  const dataDir = await mkdtemp(path.join(tmpdir(), "amps-test-"));
  const database = await startEmbedded({
    dataDir,
    log,
    settings: { fsync: "off", synchronous_commit: "off", max_connections: "400" },
  });
  const tearDown = async (): Promise<void> => {
    await database.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    await makeTemplate(database.url);
  } catch (error) {
    await tearDown();
    throw error;
  }
  project.provide("databaseUrl", database.url);
  return tearDown;
}

async function makeTemplate(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query("CREATE DATABASE amps_template");
  await client.end();
  await migrate(url.replace("/amps?", "/amps_template?"));
}
