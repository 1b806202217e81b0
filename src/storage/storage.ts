/**
 * The handle on PostgreSQL that every operation in this folder takes. Opaque to the rest of the
 * program: no connection and no transaction leaves `storage/`; what must commit together is one
 * function here. Timestamps come out as Unix milliseconds.
 */
import pg from "pg";
import type { Log, UnixMs } from "../core/types.ts";
import type { Vault } from "./vault.ts";

const OID_TIMESTAMPTZ = 1184;
const OID_INT8 = 20;

export interface StorageOptions {
  connectionUrl: string;
  vault: Vault;
  log: Log;
  /** Time for every rule in SQL; without it the database's own clock decides. For simulations. */
  now?: () => UnixMs;
  poolSize?: number;
  /** Connections kept although idle: so many are there when the database has none left to give. */
  poolKept?: number;
  applicationName?: string;
}

/** One constant SQL text with the name it is prepared under. */
export interface Statement {
  name: string;
  text: string;
}

export type Row = Record<string, unknown>;

/** Every statement of the program, so that a test can prepare and explain each of them. */
export const statements = new Map<string, Statement>();

/** Declares a constant statement. The name says the operation and must be unique. */
export function statement(name: string, text: string): Statement {
  if (statements.has(name)) throw new Error(`Two statements are named ${name}; rename one.`);
  const declared = { name, text };
  statements.set(name, declared);
  return declared;
}

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
  readonly #pool: pg.Pool;
  readonly #now: (() => UnixMs) | undefined;

  constructor(options: StorageOptions) {
    this.vault = options.vault;
    this.connectionUrl = options.connectionUrl;
    this.#now = options.now;
    this.#pool = new pg.Pool({
      connectionString: options.connectionUrl,
      application_name: options.applicationName ?? "amps",
      max: options.poolSize ?? 12,
      min: options.poolKept ?? 0,
      idleTimeoutMillis: 30_000,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      options:
        "-c timezone=UTC -c statement_timeout=30000 -c idle_in_transaction_session_timeout=30000",
      types: { getTypeParser },
    });
    this.#pool.on("error", (error) => {
      // A database that stops right after us may end connections before their farewell.
      if (this.#pool.ending) return;
      options.log.warn(
        { err: error },
        "An idle database connection was lost; the pool replaces it.",
      );
    });
  }

  /** Connections of the pool, and callers that wait for one. */
  get pool(): PoolState {
    const { totalCount, idleCount, waitingCount } = this.#pool;
    return { total: totalCount, idle: idleCount, waiting: waitingCount };
  }

  /** The injected time, or null: SQL then falls back to `now()`. */
  now(): UnixMs | null {
    return this.#now?.() ?? null;
  }

  async query<R extends Row>(declared: Statement, values: unknown[]): Promise<R[]> {
    const result = await this.#pool.query<R>({ ...declared, values });
    return result.rows;
  }

  /** Runs `work` in one transaction on one connection; any error rolls all of it back. */
  async transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    let broken: Error | undefined;
    // A connection lost between two statements has nobody else to tell, and would end the process.
    const onError = (error: Error): void => {
      broken = error;
    };
    client.on("error", onError);
    try {
      await client.query("BEGIN");
      const result = await work({
        query: async (declared, values) => {
          const answer = await client.query({ ...declared, values });
          return answer.rows;
        },
      });
      await client.query("COMMIT");
      return result;
    } catch (error) {
      await client.query("ROLLBACK").catch((rollbackError: Error) => {
        broken = rollbackError;
      });
      throw error;
    } finally {
      client.off("error", onError);
      client.release(broken);
    }
  }

  /** A connection of its own, for what lives as long as a session: locks and notifications. */
  async session(applicationName: string): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.connectionUrl,
      application_name: applicationName,
      keepAlive: true,
      types: { getTypeParser },
    });
    await client.connect();
    return client;
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

/** SQLSTATE of a database error, or undefined for any other. */
export function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

export const UNIQUE_VIOLATION = "23505";
export const DEADLOCK = "40P01";
