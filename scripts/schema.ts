/**
 * `npm run schema`: writes schema.sql, the schema as the migrations make it, for people to read and
 * for changes to show in a diff. Made from PostgreSQL's own catalog functions, since the embedded
 * PostgreSQL brings no pg_dump.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { startEmbedded } from "../src/storage/embedded/start-embedded.ts";
import { migrate } from "../src/storage/migrate.ts";
import { dumpSchema } from "../test/support/dump-schema.ts";

const SCHEMA_FILE = fileURLToPath(new URL("../schema.sql", import.meta.url));

const log = { debug() {}, info() {}, warn: console.warn, error: console.error };

const dataDir = await mkdtemp(path.join(tmpdir(), "amps-schema-"));
const database = await startEmbedded({ dataDir, log });
try {
  await migrate(database.url);
  await writeFile(SCHEMA_FILE, await dumpSchema(database.url));
  console.log("schema.sql is written.");
} finally {
  await database.stop();
  await rm(dataDir, { recursive: true, force: true });
}
