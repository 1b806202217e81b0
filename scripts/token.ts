/**
 * `npm run token -- sandbox|live`: prints an organisation token, as `svix-server jwt generate` does. Needs
 * no database, only the same configuration as the server.
 */
import { tokenKeysOf, Tokens } from "../src/api/tokens/tokens.ts";
import { systemClock } from "../src/clock.ts";
import { loadConfig } from "../src/config.ts";
import { ensureMasterKey } from "../src/storage/master-key.ts";

const [name = "", ...flags] = process.argv.slice(2);
const loaded = loadConfig(process.env, flags);
const known = /^(?:sandbox|live|org_[A-Za-z0-9_-]+)$/.test(name);
if (!known || !("config" in loaded)) {
  const problems = "problems" in loaded ? loaded.problems : [];
  console.error(
    ["Usage: npm run token -- sandbox|live|org_… [options of the server]", ...problems].join("\n"),
  );
  process.exit(1);
}
const { jwtSecret, jwtKey, masterKey, dataDir } = loaded.config;
const derived = jwtSecret === undefined && jwtKey === undefined;
const masterKeys = derived ? [masterKey ?? (await ensureMasterKey(dataDir))] : [];
const tokens = new Tokens(tokenKeysOf(loaded.config, masterKeys), systemClock);
if (!tokens.mints) {
  console.error("AMPS_JWT_KEY is a public key: whoever has the private one makes the tokens.");
  process.exit(1);
}
const organisationId = name.startsWith("org_") ? name : `org_${name}`;
console.log(tokens.mintOrganisation(organisationId));
