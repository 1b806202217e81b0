/**
 * The second wall between tenants, under the queries of requests. The first is that every query is asked
 * with the caller's environment or application; this one does not believe it. A statement that touches
 * rows of tenants runs in a request only when its SQL is keyed by a tenant, and the value given for the
 * key is checked against what the caller may see: its environment, and the applications that were found
 * within it. Anything else is a bug, thrown before it reaches the database.
 *
 * Row level security would do this in PostgreSQL, for three more round trips with each statement or a
 * pool per tenant, and not for batches that serve many tenants at once (ARCHITECTURE.md). That keyed SQL
 * reads nothing beside its key is proved with PostgreSQL's own plans in `test/tenant-wall.test.ts`.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Row, Statement } from "./statement.ts";

/** Whoever the running request is for. */
export interface Caller {
  environmentId: string;
  /** Known to be in that environment from the start. */
  applicationIds: readonly string[];
  /** No others become the caller's by being found. */
  fixed?: boolean;
}

export interface TenantKey {
  column: "environment_id" | "application_id";
  /** Which parameter, from 0 on. */
  parameter: number;
}

/** Tables with rows of tenants, by what leads their keys. Partitions are only reached through theirs. */
export const TENANT_TABLES: ReadonlyMap<string, TenantKey["column"]> = new Map([
  ["environment", "environment_id"],
  ["api_key", "environment_id"],
  ["application", "environment_id"],
  ["event_type", "environment_id"],
  ["idempotency", "environment_id"],
  ["device", "environment_id"],
  ["action", "environment_id"],
  ["background_task", "environment_id"],
  ["dispatch_journal", "environment_id"],
  ["portal_session", "application_id"],
  ["endpoint", "application_id"],
  ["endpoint_secret", "application_id"],
  ["message", "application_id"],
  ["message_event_id", "application_id"],
  ["delivery", "application_id"],
  ["attempt", "application_id"],
  ["attempt_count", "application_id"],
  ["attempt_count_position", "application_id"],
  ["issue", "application_id"],
]);

const TOUCHED = new RegExp(
  `(?:\\b(?:FROM|JOIN|INTO|UPDATE)|,)\\s+(${[...TENANT_TABLES.keys()].join("|")})\\b`,
  "g",
);
const COMPARED = /\b(environment_id|application_id)\s*=\s*\$(\d+)\b/g;
const INSERTED = /INSERT INTO \w+(?: AS \w+)? \(([^)]*)\)\s*(?:VALUES \(|SELECT )([^()]*)/g;

/** What a statement inserts as its rows' tenant, when that is a parameter as it is. */
function* insertedKeys(text: string): Generator<TenantKey> {
  for (const [, columns = "", values = ""] of text.matchAll(INSERTED)) {
    const names = columns.split(",").map((name) => name.trim());
    const column = names.includes("environment_id") ? "environment_id" : "application_id";
    const value = values.split(/,|\sFROM\s/)[names.indexOf(column)]?.trim() ?? "";
    const match = /^\$(\d+)$/.exec(value);
    if (match !== null) yield { column, parameter: Number(match[1]) - 1 };
  }
}

/** What leads the keys of the tenants' tables that a statement names; empty: it has nothing to do with them. */
export function leadsOf({ text }: Statement): Set<TenantKey["column"]> {
  const tables = [...text.matchAll(TOUCHED)].map(([, table = ""]) => TENANT_TABLES.get(table));
  return new Set(tables.filter((column) => column !== undefined));
}

/** The tenant keys of a statement; undefined when it has nothing to do with tenants. */
export function tenantKeysOf(statement: Statement): TenantKey[] | undefined {
  const { text } = statement;
  const leads = leadsOf(statement);
  if (leads.size === 0) return undefined;
  const compared = [...text.matchAll(COMPARED)].map(([, column, number]) => ({
    column: column === "environment_id" ? ("environment_id" as const) : ("application_id" as const),
    parameter: Number(number) - 1,
  }));
  const keys = new Map<string, TenantKey>();
  for (const key of [...compared, ...insertedKeys(text)]) {
    // Within rows of its environment an application is found by its id; that is no claim to it.
    if (!leads.has("application_id") && key.column === "application_id") continue;
    keys.set(`${key.column} ${key.parameter}`, key);
  }
  return [...keys.values()];
}

interface Context {
  environmentId: string;
  applicationIds: Set<string>;
  fixed: boolean;
}

/** Guards the statements of requests; see `Storage.guarded`. */
export class TenantWall {
  readonly #running = new AsyncLocalStorage<Context>();
  readonly #keys = new Map<string, TenantKey[] | undefined>();

  /** Runs `work`, with all that it waits for, as the caller's. */
  run<T>(caller: Caller, work: () => T): T {
    const { environmentId, fixed = false } = caller;
    const applicationIds = new Set(caller.applicationIds);
    return this.#running.run({ environmentId, applicationIds, fixed }, work);
  }

  /** @throws when the running request may not ask this */
  before(statement: Statement, values: readonly unknown[]): void {
    const keys = this.#keysOf(statement);
    if (keys === undefined) return;
    const context = this.#running.getStore();
    if (context === undefined) throw new Error(`${statement.name} was asked outside of a request.`);
    if (keys.length === 0) throw new Error(`${statement.name} is not keyed by a tenant.`);
    for (const { column, parameter } of keys) {
      const value = values[parameter];
      const own =
        column === "environment_id"
          ? value === context.environmentId
          : context.applicationIds.has(String(value));
      if (!own) throw new Error(`${statement.name} was asked for another tenant's ${column}.`);
    }
  }

  /** Applications that were found within the caller's environment are the caller's. */
  after(statement: Statement, rows: readonly Row[]): void {
    const keys = this.#keysOf(statement);
    if (keys?.some(({ column }) => column === "environment_id") !== true) return;
    const context = this.#running.getStore();
    if (context === undefined || context.fixed) return;
    for (const { application_id: id } of rows) {
      if (typeof id === "string") context.applicationIds.add(id);
    }
  }

  #keysOf(statement: Statement): TenantKey[] | undefined {
    if (!this.#keys.has(statement.name)) this.#keys.set(statement.name, tenantKeysOf(statement));
    return this.#keys.get(statement.name);
  }
}
