/** A migrated database of its own for each test file, cloned in some 20 ms. */
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { inject } from "vitest";

/** Clones wait for each other: a template may have no other session. */
const CLONE_LOCK = 1;
/** A connection that was closed is seen by the server a moment later. */
const CLOSING_MS_MAX = 2_000;
const POLL_MS = 10;

export interface TestDatabase {
  url: string;
  /** Fails when a connection was left open, naming it: something was not closed. */
  drop(): Promise<void>;
}

interface Session {
  application_name: string;
  query: string;
}

/** May be called from many files and threads at once. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const baseUrl = inject("databaseUrl");
  const name = `test_${randomBytes(8).toString("hex")}`;
  await withClient(baseUrl, async (client) => {
    await client.query("SELECT pg_advisory_lock($1)", [CLONE_LOCK]);
    await client.query(`CREATE DATABASE ${name} TEMPLATE amps_template`);
  });
  return {
    url: baseUrl.replace("/amps?", `/${name}?`),
    drop: () => withClient(baseUrl, (client) => dropDatabase(client, name)),
  };
}

async function dropDatabase(client: Client, name: string): Promise<void> {
  const left = await findLeftSessions(client, name);
  await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
  if (left.length === 0) return;
  const lines = left.map((session) => `${session.application_name || "?"}: ${session.query}`);
  throw new Error(`Connections were left open on the test's database:\n${lines.join("\n")}`);
}

async function findLeftSessions(client: Client, name: string): Promise<Session[]> {
  const deadline = performance.now() + CLOSING_MS_MAX;
  for (;;) {
    const { rows } = await client.query<Session>(
      `SELECT application_name, query FROM pg_stat_activity
       WHERE datname = $1 AND backend_type = 'client backend'`,
      [name],
    );
    if (rows.length === 0 || performance.now() > deadline) return rows;
    await delay(POLL_MS);
  }
}

async function withClient(url: string, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: url, application_name: "test support" });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
