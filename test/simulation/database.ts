/**
 * The real PostgreSQL, one statement at a time, in virtual time. What could make two runs of one seed
 * differ is taken away: tables are made anew for each, plans are fixed, statistics are never gathered,
 * `now()` is the simulation's, and notifications arrive with the statement that sent them.
 */
import pg from "pg";
import type { Queries, Row, Statement } from "../../src/storage/storage.ts";

const OID_TIMESTAMPTZ = 1184;
const OID_INT8 = 20;
export const CHANNELS = ["amps_bucket", "amps_due", "amps_endpoint", "amps_action", "amps_api_key"];

/** Whose everything is; made once, kept over all rounds. */
export const ENVIRONMENT = "org_simulation";
export const APPLICATIONS: readonly string[] = ["app_one", "app_two"];

const PREPARE = `
  CREATE SCHEMA IF NOT EXISTS simulation;
  CREATE OR REPLACE FUNCTION simulation.now() RETURNS timestamptz LANGUAGE sql STABLE AS
    $$ SELECT to_timestamp(current_setting('simulation.now')::float8 / 1000) $$;
  SELECT set_config('simulation.now', '0', false);
  SET timezone = 'UTC';
  SET search_path = simulation, pg_catalog, public;
  SET plan_cache_mode = force_generic_plan;
  INSERT INTO environment (environment_id, mode, default_application_id)
    VALUES ('${ENVIRONMENT}', 'sandbox', '${APPLICATIONS[0]}') ON CONFLICT DO NOTHING;
  INSERT INTO application (environment_id, application_id, name)
    SELECT '${ENVIRONMENT}', id, id FROM unnest('{${APPLICATIONS.join(",")}}'::text[]) AS id
    ON CONFLICT DO NOTHING;
  DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT oid::regclass FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
    LOOP EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = false)', name); END LOOP;
  END $$;
  ${CHANNELS.map((channel) => `LISTEN ${channel};`).join("\n")}`;

// New files, not deleted rows: what lies where decides in which order rows without an order come.
const RESET = `
  TRUNCATE delivery, message, attempt, endpoint, endpoint_secret, message_event_id, idempotency,
    node, bucket_lease;
  INSERT INTO bucket_lease (kind, bucket)
    SELECT kind, bucket FROM unnest(ARRAY['delivery', 'device']) AS kind, generate_series(0, 63) AS bucket;
  SELECT setval('node_lock_number', 1, false)`;

export interface Notification {
  channel: string;
  payload: string;
}

function parseTimestamp(text: string): number {
  return Date.parse(`${text.slice(0, 10)}T${text.slice(11).replace(/\+00$/, "")}Z`);
}

/** As the product reads them. */
function getTypeParser(oid: number, format?: "text" | "binary"): (value: never) => unknown {
  if (oid === OID_TIMESTAMPTZ) return parseTimestamp;
  if (oid === OID_INT8) return Number;
  // pg types its parsers loosely.
  return pg.types.getTypeParser(oid, format) as (value: never) => unknown;
}

export class SimulatedDatabase {
  readonly url: string;
  readonly #client: pg.Client;
  /** Holds the locks of every simulated session, so that the one above finds them taken. */
  readonly #locks: pg.Client;
  #notifications: Notification[] = [];
  #setMs = 0;

  private constructor(url: string) {
    this.url = url;
    this.#client = new pg.Client({
      connectionString: url,
      application_name: "simulation",
      types: { getTypeParser },
    });
    this.#locks = new pg.Client({ connectionString: url, application_name: "simulation locks" });
    this.#client.on("notification", ({ channel, payload = "" }) => {
      this.#notifications.push({ channel, payload });
    });
  }

  /** @param url a migrated database that nobody else uses */
  static async open(url: string): Promise<SimulatedDatabase> {
    const database = new SimulatedDatabase(url);
    await database.#client.connect();
    await database.#locks.connect();
    await database.#client.query(PREPARE);
    return database;
  }

  async reset(): Promise<void> {
    await this.#client.query(RESET);
    await this.#locks.query("SELECT pg_advisory_unlock_all()");
    this.#notifications = [];
  }

  /** PostgreSQL hands a session its own notifications before it answers: none is still to come. */
  takeNotifications(): Notification[] {
    const taken = this.#notifications;
    this.#notifications = [];
    return taken;
  }

  /** @param at the virtual time */
  async query<R extends Row>(declared: Statement, values: unknown[], at: number): Promise<R[]> {
    this.#setTime(at);
    return (await this.#client.query<R>({ ...declared, values })).rows;
  }

  /** All or nothing, and nothing between: other sessions would only wait for its locks. */
  async transaction<T>(work: (queries: Queries) => Promise<T>, at: number): Promise<T> {
    this.#setTime(at);
    await this.#client.query("BEGIN");
    try {
      const result = await work({
        query: async (declared, values) =>
          (await this.#client.query({ ...declared, values })).rows as never,
      });
      await this.#client.query("COMMIT");
      return result;
    } catch (error) {
      await this.#client.query("ROLLBACK");
      throw error;
    }
  }

  async lock(values: unknown[]): Promise<void> {
    await this.#locks.query("SELECT pg_advisory_lock($1, $2)", values);
  }

  async unlock(values: unknown[]): Promise<void> {
    await this.#locks.query("SELECT pg_advisory_unlock($1, $2)", values);
  }

  async close(): Promise<void> {
    await this.#client.end();
    await this.#locks.end();
  }

  #setTime(at: number): void {
    if (at === this.#setMs) return;
    this.#setMs = at;
    // Not waited for: statements of one connection run in turn, and a failure fails the next one too.
    void this.#client.query({
      name: "set-time",
      text: "SELECT set_config('simulation.now', $1, false)",
      values: [String(at)],
    });
  }
}
