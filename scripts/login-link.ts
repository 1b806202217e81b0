/**
 * `npm run login-link`: prints a new link that logs in to the dashboard of a running server once, within the
 * hour. Takes the same configuration as the server, and needs no restart.
 */
import { randomBytes } from "node:crypto";
import { makeLoginLink } from "../src/api/dashboard/sessions.ts";
import { urlOf } from "../src/api/listen.ts";
import { loadConfig } from "../src/config.ts";
import { findEmbedded } from "../src/storage/embedded/find-embedded.ts";
import { Storage } from "../src/storage/storage.ts";
import { Vault } from "../src/storage/vault.ts";

function refuse(...lines: string[]): never {
  console.error(lines.join("\n"));
  process.exit(1);
}

const loaded = loadConfig(process.env, process.argv.slice(2));
if (!("config" in loaded)) {
  const problems = "problems" in loaded ? loaded.problems : [];
  refuse("Usage: npm run login-link -- [options of the server]", ...problems);
}
const { database, dataDir, publicUrl, host, port } = loaded.config;
const connectionUrl = database.kind === "external" ? database.url : await findEmbedded(dataDir);
if (connectionUrl === undefined) {
  refuse(`No server runs on ${dataDir}. Start it with npm start, which prints a link itself.`);
}
if (publicUrl === undefined && port === 0) {
  refuse("With AMPS_PORT=0 the server's port is not known here; name it with --port.");
}
const log = { debug() {}, info() {}, warn: console.error, error: console.error };
// Nothing sealed is read.
const vault = new Vault(randomBytes(32));
const storage = new Storage({ connectionUrl, vault, log, poolSize: 1 });
try {
  console.log(await makeLoginLink(storage, randomBytes, publicUrl ?? urlOf({ host, port })));
} finally {
  await storage.close();
}
