/**
 * What every installation has: the environments sandbox and live, each with its `default` application,
 * the push event types and a key to start with. Safe when several nodes start at once: they queue on
 * one lock, and the later ones find everything there.
 */
import { hashOfKey, hintOfKey } from "../../core/api-key.ts";
import type { IdSource } from "../../core/ids.ts";
import { PUSH_EVENT_TYPES } from "../../core/push-events.ts";
import type { EnvironmentMode } from "../../core/types.ts";
import { PRESET_NAME } from "../api-keys/list-api-keys.ts";
import { type Queries, statement, type Storage } from "../storage.ts";
import type { Vault } from "../vault.ts";

export interface EnvironmentIds {
  environmentId: string;
  defaultApplicationId: string;
  /** Prefix and last four characters of the newest full key. */
  keyHint: string;
}

export interface BootstrapOptions {
  /** Keys the operator set: they hold, and older preset ones are revoked. */
  presetKeys: Partial<Record<EnvironmentMode, string>>;
  /** Makes `sk_test_…` or `sk_live_…` with at least 192 random bits. */
  generateKey: (mode: EnvironmentMode) => string;
}

export interface Bootstrapped {
  sandbox: EnvironmentIds;
  live: EnvironmentIds;
  /** Keys made by this call, in clear for the only time. */
  newKeys: Partial<Record<EnvironmentMode, string>>;
}

const FIRST = "first start";

// One fixed number for all nodes; any other use of advisory locks here is of sessions.
const LOCK = statement("lock-bootstrap", "SELECT pg_advisory_xact_lock(7318, 1)");
const SET_FINGERPRINT = statement(
  "set-master-key-fingerprint",
  `INSERT INTO instance (name, value) VALUES ('master_key_fingerprint', $1)
   ON CONFLICT (name) DO UPDATE SET value = instance.value
   RETURNING value`,
);
const ADD_FINGERPRINT = statement(
  "add-master-key-fingerprint",
  "UPDATE instance SET value = $1 WHERE name = 'master_key_fingerprint'",
);
const FIND_ENVIRONMENT = statement(
  "find-environment",
  "SELECT environment_id, default_application_id FROM environment WHERE mode = $1",
);
const MAKE_ENVIRONMENT = statement(
  "make-environment",
  `WITH environment AS (
     INSERT INTO environment (environment_id, mode, default_application_id, operational_application_id)
     VALUES ($1, $2, $3, $4)
   )
   INSERT INTO application (environment_id, application_id, uid, name, hidden)
   VALUES ($1, $3, 'default', 'Default', false), ($1, $4, NULL, 'Operational webhooks', true)`,
);
const MAKE_EVENT_TYPE = statement(
  "make-push-event-type",
  "INSERT INTO event_type (environment_id, name, description, schemas) VALUES ($1, $2, $3, $4)",
);
const REVOKE_PRESETS = statement(
  "revoke-preset-keys",
  `UPDATE api_key SET revoked_at = now()
   WHERE environment_id = $1 AND name = $2 AND key_hash <> $3 AND revoked_at IS NULL`,
);
const ADD_KEY = statement(
  "add-api-key",
  `INSERT INTO api_key (key_hash, environment_id, name, scope, hint) VALUES ($1, $2, $3, 'full', $4)
   ON CONFLICT (key_hash) DO UPDATE SET revoked_at = NULL`,
);
const FIND_HINT = statement(
  "find-key-hint",
  `SELECT hint FROM api_key WHERE environment_id = $1 AND scope = 'full' AND revoked_at IS NULL
   ORDER BY name = $2 DESC, created_at DESC LIMIT 1`,
);

/** What is noted are all keys that may have sealed something: one, but while it is being replaced. */
async function checkMasterKey(queries: Queries, vault: Vault): Promise<void> {
  const { fingerprint, fingerprints } = vault;
  const [row] = await queries.query<{ value: string }>(SET_FINGERPRINT, [fingerprint]);
  const noted = (row?.value ?? "").split(" ");
  const unknown = noted.filter((one) => !fingerprints.includes(one));
  if (unknown.length > 0) {
    throw new Error(
      `The master key (fingerprint ${fingerprint}) is not the one this database was sealed with ` +
        `(fingerprint ${unknown.join(", ")}). Set AMPS_MASTER_KEY to the original key, or give that ` +
        "one in AMPS_MASTER_KEY_OLD to replace it; without it, stored endpoint secrets cannot be read.",
    );
  }
  if (noted.includes(fingerprint)) return;
  await queries.query(ADD_FINGERPRINT, [[fingerprint, ...noted].join(" ")]);
}

interface EnvironmentRow {
  [column: string]: unknown;
  environment_id: string;
  default_application_id: string;
}

async function ensureEnvironment(
  queries: Queries,
  ids: IdSource,
  mode: EnvironmentMode,
): Promise<EnvironmentRow> {
  const [found] = await queries.query<EnvironmentRow>(FIND_ENVIRONMENT, [mode]);
  if (found !== undefined) return found;
  const made = { environment_id: ids.make("org_"), default_application_id: ids.make("app_") };
  const { environment_id: environmentId, default_application_id: applicationId } = made;
  const operationalId = ids.make("app_");
  await queries.query(MAKE_ENVIRONMENT, [environmentId, mode, applicationId, operationalId]);
  for (const { name, description, schemas } of PUSH_EVENT_TYPES) {
    const values = [environmentId, name, description, JSON.stringify(schemas)];
    await queries.query(MAKE_EVENT_TYPE, values);
  }
  return made;
}

/** @returns the key, when this call made one; a preset is the operator's to know */
async function ensureKey(
  queries: Queries,
  environmentId: string,
  options: { preset: string | undefined; generate: () => string },
): Promise<{ hint: string; newKey: string | undefined }> {
  const { preset } = options;
  if (preset !== undefined) {
    await queries.query(REVOKE_PRESETS, [environmentId, PRESET_NAME, hashOfKey(preset)]);
    await queries.query(ADD_KEY, [
      hashOfKey(preset),
      environmentId,
      PRESET_NAME,
      hintOfKey(preset),
    ]);
  }
  const [known] = await queries.query<{ hint: string }>(FIND_HINT, [environmentId, PRESET_NAME]);
  if (known !== undefined) return { hint: known.hint, newKey: undefined };
  const key = options.generate();
  await queries.query(ADD_KEY, [hashOfKey(key), environmentId, FIRST, hintOfKey(key)]);
  return { hint: hintOfKey(key), newKey: key };
}

/** Idempotent. @throws when the database was sealed with another master key */
export async function bootstrap(
  storage: Storage,
  ids: IdSource,
  options: BootstrapOptions,
): Promise<Bootstrapped> {
  return await storage.transaction(async (queries) => {
    await queries.query(LOCK, []);
    await checkMasterKey(queries, storage.vault);
    const newKeys: Bootstrapped["newKeys"] = {};
    const ensure = async (mode: EnvironmentMode): Promise<EnvironmentIds> => {
      const environment = await ensureEnvironment(queries, ids, mode);
      const { hint, newKey } = await ensureKey(queries, environment.environment_id, {
        preset: options.presetKeys[mode],
        generate: () => options.generateKey(mode),
      });
      if (newKey !== undefined) newKeys[mode] = newKey;
      return {
        environmentId: environment.environment_id,
        defaultApplicationId: environment.default_application_id,
        keyHint: hint,
      };
    };
    return { sandbox: await ensure("sandbox"), live: await ensure("live"), newKeys };
  });
}
