/**
 * The handle on PostgreSQL that every operation in this folder takes. Opaque to the rest of the
 * program: no connection and no transaction leaves `storage/`; what must commit together is one
 * function here. Timestamps come out as Unix milliseconds.
 */
import pg from "pg";
import type { Log, UnixMs } from "../core/types.ts";
import { parameters } from "./array-text.ts";
import { meansServerGone, UncertainCommitError } from "./primary/errors.ts";
import { Primary } from "./primary/primary.ts";
import type { Timelines } from "./primary/timelines.ts";
import { type Row, sqlState, type Statement } from "./statement.ts";
import type { Vault } from "./vault.ts";

const OID_TIMESTAMPTZ = 1184;
const OID_INT8 = 20;
/**
 * On our side as well as the server's: a commit that waits for a synchronous standby is not ended by
 * `statement_timeout`, and a server that is cut off answers nothing.
 */
const STATEMENT_MS_MAX = 15_000;
/** The server's own deadline comes first where it can: its error says more than silence. */
const DEADLINE_MARGIN_MS = 500;
/** The function of PostgreSQL that warns so, whatever language its messages are in. */
const SYNC_WAIT_ROUTINE = "SyncRepWaitForLSN";

export interface StorageOptions {
  connectionUrl: string;
  vault: Vault;
  log: Log;
  /** Time for every rule in SQL; without it the database's own clock decides. For simulations. */
  now?: () => UnixMs;
  poolSize?: number;
  /** What was seen of this database's promotions; without it, only what this process sees. */
  timelines?: Timelines;
  /** Longest time for one statement. */
  statementMsMax?: number;
  /** Connections kept although idle: so many are there when the database has none left to give. */
  poolKept?: number;
  applicationName?: string;
  /** The connections of another handle, to share. */
  primary?: Primary;
}

/** Sees every statement before and after it runs. */
export interface Guard {
  /** @throws instead of the statement */
  before(statement: Statement, values: readonly unknown[]): void;
  after(statement: Statement, rows: readonly Row[]): void;
}

export { type Row, sqlState, type Statement, statement, statements } from "./statement.ts";

/** PostgreSQL prints `2026-11-24 01:54:00.123+00` (sessions run in UTC). */
function parseTimestamp(text: string): UnixMs {
  return Date.parse(`${text.slice(0, 10)}T${text.slice(11).replace(/\+00$/, "")}Z`);
}

function getTypeParser(oid: number, format?: "text" | "binary"): (value: never) => unknown {
  if (oid === OID_TIMESTAMPTZ) return parseTimestamp;
  if (oid === OID_INT8) return Number;
  // pg types its parsers loosely.
  return pg.types.getTypeParser(oid, format) as (value: never) => unknown;
}

export interface PoolState {
  total: number;
  idle: number;
  waiting: number;
}

/** What an operation needs to run SQL: the pool, or one connection inside a transaction. */
export interface Queries {
  query<R extends Row>(statement: Statement, values: unknown[]): Promise<R[]>;
}

export class Storage implements Queries {
  readonly vault: Vault;
  readonly connectionUrl: string;
  readonly #options: StorageOptions;
  readonly #primary: Primary;
  readonly #now: (() => UnixMs) | undefined;
  readonly #statementMsMax: number;
  /** Connections on which PostgreSQL gave up waiting for the synchronous standby. */
  readonly #unreplicated = new WeakSet<pg.ClientBase>();

  constructor(options: StorageOptions) {
    this.#options = options;
    this.vault = options.vault;
    this.connectionUrl = options.connectionUrl;
    this.#now = options.now;
    this.#statementMsMax = options.statementMsMax ?? STATEMENT_MS_MAX;
    this.#primary = options.primary ?? this.#open(options);
  }

  #open(options: StorageOptions): Primary {
    return new Primary({
      connectionUrl: options.connectionUrl,
      log: options.log,
      ...(options.timelines !== undefined && { timelines: options.timelines }),
      connection: {
        application_name: options.applicationName ?? "amps",
        max: options.poolSize ?? 12,
        min: options.poolKept ?? 0,
        idleTimeoutMillis: 30_000,
        connectionTimeoutMillis: 5_000,
        // Without sequential scans, as plans are kept: one made for an empty queue would read a full one from end
        // to end for each result. `ingest` cost PostgreSQL 73 instead of 62 µs a delivery with them.
        options:
          "-c timezone=UTC -c enable_seqscan=off -c idle_in_transaction_session_timeout=30000 " +
          `-c statement_timeout=${this.#statementMsMax}`,
        types: { getTypeParser },
      },
      onConnected: (client) => {
        client.on("notice", ({ routine }) => {
          if (routine === SYNC_WAIT_ROUTINE) this.#unreplicated.add(client);
        });
      },
    });
  }

  /** A second handle on the same connections, every statement of which passes `guard`. */
  guarded(guard: Guard): Storage {
    return new GuardedStorage(this, guard, { ...this.#options, primary: this.#primary });
  }

  /** The injected time, or null: SQL then falls back to `now()`. */
  now(): UnixMs | null {
    return this.#now?.() ?? null;
  }

  async query<R extends Row>(declared: Statement, values: unknown[]): Promise<R[]> {
    const client = await this.#primary.connect();
    const answer = client.query<R>({ ...declared, values: parameters(values) });
    // However late it is: until then the connection stays taken, which bounds how many wait.
    void answer.then(
      () => client.release(),
      (error: unknown) => this.#release(client, error),
    );
    return await this.#inTime(client, answer);
  }

  /** Runs `work` in one transaction on one connection; any error rolls all of it back. */
  async transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    const client = await this.#primary.connect();
    let failure: unknown;
    const run = <R extends Row>(query: pg.QueryConfig): Promise<R[]> =>
      this.#inTime(client, client.query<R>(query));
    try {
      await run({ text: "BEGIN" });
      const result = await work({
        query: async (declared, values) => await run({ ...declared, values: parameters(values) }),
      });
      await run({ text: "COMMIT" });
      return result;
    } catch (error) {
      failure = error instanceof UncertainCommitError ? error : undefined;
      if (failure === undefined) {
        await run({ text: "ROLLBACK" }).catch((rollbackError: unknown) => {
          failure = rollbackError;
        });
      }
      throw error;
    } finally {
      this.#release(client, failure);
    }
  }

  /** A connection of its own, for what lives as long as a session: locks and notifications. */
  session(applicationName: string): Promise<pg.Client> {
    return this.#primary.session(applicationName);
  }

  /** Pooled connections to the database now. */
  get pool(): PoolState {
    return this.#primary.pool;
  }

  async close(): Promise<void> {
    await this.#primary.close();
  }

  /** The rows, once they are certain: in time, and what was committed is on the standby too. */
  async #inTime<R extends Row>(
    client: pg.PoolClient,
    answer: Promise<pg.QueryResult<R>>,
  ): Promise<R[]> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      const seconds = this.#statementMsMax / 1_000;
      late.reject(new UncertainCommitError(`The database did not answer within ${seconds} s.`));
      this.#primary.suspectSilence();
    }, this.#statementMsMax + DEADLINE_MARGIN_MS);
    try {
      const { rows } = await Promise.race([answer, late.promise]);
      if (!this.#unreplicated.delete(client)) return rows;
    } finally {
      clearTimeout(timer);
    }
    throw new UncertainCommitError(
      "PostgreSQL stopped waiting for its synchronous standby; this commit may not be on it.",
    );
  }

  /** A plain SQL error leaves a connection in order; whatever else went wrong ends it. */
  #release(client: pg.PoolClient, error: unknown): void {
    const broken = error !== undefined && (sqlState(error) === undefined || meansServerGone(error));
    client.release(broken || error instanceof UncertainCommitError);
    this.#primary.suspect(error);
  }
}

class GuardedStorage extends Storage {
  readonly #inner: Storage;
  readonly #guard: Guard;

  constructor(inner: Storage, guard: Guard, options: StorageOptions) {
    super(options);
    this.#inner = inner;
    this.#guard = guard;
  }

  override async query<R extends Row>(declared: Statement, values: unknown[]): Promise<R[]> {
    return await this.#guarded<R>(this.#inner, declared, values);
  }

  override async transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    return await this.#inner.transaction(
      async (queries) =>
        await work({ query: (declared, values) => this.#guarded(queries, declared, values) }),
    );
  }

  async #guarded<R extends Row>(
    queries: Queries,
    declared: Statement,
    values: unknown[],
  ): Promise<R[]> {
    this.#guard.before(declared, values);
    const rows = await queries.query<R>(declared, values);
    this.#guard.after(declared, rows);
    return rows;
  }
}

export const UNIQUE_VIOLATION = "23505";
export const DEADLOCK = "40P01";
