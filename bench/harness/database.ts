/**
 * The PostgreSQL that is measured with: the one of DATABASE_URL, or the embedded one in a temporary
 * folder with the product's own settings. Every run has a database of its own in it.
 */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { startEmbedded } from "../../src/storage/embedded/start-embedded.ts";
import { onCleanup } from "./cleanup.ts";

export interface Database {
  /** Version and durability, for people. */
  description: string;
  /** Of the postmaster, when it runs on this machine by us. */
  pid: number | undefined;
  /** An empty database; dropped by the cleanup. @returns its URL */
  create(): Promise<string>;
}

const log = {
  debug: (): void => undefined,
  info: (): void => undefined,
  warn: console.warn,
  error: console.error,
};

export async function openDatabase(externalUrl: string | undefined): Promise<Database> {
  if (externalUrl !== undefined) return describe(externalUrl, undefined);
  const dataDir = await mkdtemp(path.join(tmpdir(), "amps-bench-"));
  onCleanup(() => rm(dataDir, { recursive: true, force: true }));
  const embedded = await startEmbedded({ dataDir, log });
  onCleanup(() => embedded.stop());
  return describe(embedded.url, embedded.pid);
}

async function describe(url: string, pid: number | undefined): Promise<Database> {
  const [settings] = await query<Record<string, string>>(
    url,
    `SELECT current_setting('server_version') AS version, current_setting('fsync') AS fsync,
       current_setting('synchronous_commit') AS commits`,
  );
  const { version, fsync, commits } = settings ?? {};
  const where = pid === undefined ? "from DATABASE_URL" : "embedded";
  return {
    description: `PostgreSQL ${version}, ${where}, fsync ${fsync}, synchronous_commit ${commits}`,
    pid,
    create: () => create(url),
  };
}

async function create(url: string): Promise<string> {
  const name = `amps_bench_${randomBytes(6).toString("hex")}`;
  await query(url, `CREATE DATABASE ${name}`);
  onCleanup(() => query(url, `DROP DATABASE ${name} WITH (FORCE)`));
  return withName(url, name);
}

/** The embedded URL has no host, so no `URL` can be made of it. */
function withName(url: string, name: string): string {
  const parts = /^(postgres(?:ql)?:\/\/[^/?]*)(?:\/[^?]*)?(\?.*)?$/.exec(url);
  if (parts === null) throw new Error("DATABASE_URL must be a postgres:// URL.");
  return `${parts[1]}/${name}${parts[2] ?? ""}`;
}

/** One statement on a connection of its own. */
export async function query<R extends pg.QueryResultRow>(
  url: string,
  text: string,
  values: unknown[] = [],
): Promise<R[]> {
  const client = new pg.Client({ connectionString: url, application_name: "amps bench" });
  await client.connect();
  try {
    return (await client.query<R>(text, values)).rows;
  } finally {
    await client.end();
  }
}
