/**
 * The second wall between tenants (`storage/tenant-wall.ts`), over every statement of the program.
 *
 * 1. PostgreSQL's own plan of each keyed statement reads and writes tenants' rows only through its key.
 * 2. Whoever asks for another tenant's key is refused before the database is asked.
 * 3. With its tenant filter removed, no statement runs in a request any more, and 1. finds each.
 */
import { readdir } from "node:fs/promises";
import path from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Statement, statements, type Storage } from "../src/storage/storage.ts";
import {
  leadsOf,
  TENANT_TABLES,
  type TenantKey,
  tenantKeysOf,
  TenantWall,
} from "../src/storage/tenant-wall.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import { openStorage } from "./support/test-node.ts";

const STORAGE_FOLDER = path.resolve(import.meta.dirname, "../src/storage");

/** Not keyed, so never run for a request; each has its reason. */
const UNKEYED: Record<string, string> = {
  "find-api-key": "who calls is not known yet; keyed by the digest of the key",
  "note-key-use": "the same, by the digest of the key that was just found",
  "find-dashboard-session":
    "who is logged in opens all environments; keyed by the digest of the session",
  "find-open-actions": "driver: by bucket",
  "load-open-actions": "driver: keys of a batch, handed over by other nodes",
  "insert-actions": "batch of many callers, each row with its own environment",
  "find-taken-actions": "batch: why rows of insert-actions were not taken",
  "insert-messages": "batch of many callers, each row with its own application",
  "find-taken-messages": "batch: why rows of insert-messages were not taken",
  "settle-actions": "driver: a batch of ended actions, each with its own environment",
  "record-attempts": "engine: a batch of results of its buckets",
  "find-recorded-attempts": "engine: which of a batch were recorded",
  "claim-due-deliveries": "engine: by bucket",
  "load-payloads": "engine: keys of a batch it claimed",
  "read-messages-due": "engine: keys of a batch it claimed",
  "find-waiting-lanes": "engine: by bucket",
  "load-devices": "batch of many callers, each key with its own environment",
  "save-device-states": "batch of readings, each with its own environment",
  "load-targets": "engine: keys of a batch",
  "find-endpoints-to-reseal": "job over all endpoints: their values stay sealed",
  "reseal-endpoints": "the same job: a batch",
  "find-endpoint-secrets-to-reseal": "job over all secrets: they stay sealed",
  "reseal-endpoint-secrets": "the same job: a batch",
  "note-endpoint-health": "engine: a batch of its buckets",
  "warn-of-failing-endpoints": "watch: by age of the failing period",
  "find-environment": "start: by mode",
  "find-oldest-due": "metrics of the node: by bucket",
  "prune-event-ids": "keeper: by age",
  "prune-idempotency": "keeper: by age",
  "prune-portal-sessions": "keeper: by age",
  "journal-intents": "driver: a batch of its buckets",
  "expire-payloads": "keeper: by age",
  "prune-tasks": "keeper: by age",
  "find-running-tasks": "engine: by bucket",
  "prepare-attempt-counts": "engine: a batch of endpoints of its buckets",
  "count-recorded-attempts": "engine: the same batch",
  "find-uncounted-endpoints": "engine: by bucket",
  "prune-attempt-counts": "keeper: by age",
  "prune-issues": "keeper: by age",
  "publish-attempt-events":
    "engine: a batch of results of its buckets, each with its own application",
};

/**
 * Reads that are held to a tenant by a look-up that plans do not show as one: the application of the
 * operational webhooks is that of the environment which the keyed row names.
 */
const HELD_BY_LOOK_UP = new Set([
  "disable-endpoint: Index Scan of endpoint o",
  "publish-task-event: Index Scan of endpoint o",
  "publish-endpoint-event: Index Scan of endpoint o",
]);

let database: TestDatabase;
let client: pg.Client;
let storage: Storage;

beforeAll(async () => {
  const entries = await readdir(STORAGE_FOLDER, { recursive: true });
  for (const entry of entries.toSorted()) {
    if (!entry.endsWith(".ts") || entry.endsWith(".test.ts")) continue;
    await import(path.join(STORAGE_FOLDER, entry));
  }
  database = await createTestDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  storage = openStorage(database.url);
});
afterAll(async () => {
  await client.end();
  await storage.close();
  await database.drop();
});

function ofTenants(): { statement: Statement; keys: TenantKey[] }[] {
  return [...statements.values()].flatMap((statement) => {
    const keys = tenantKeysOf(statement);
    return keys === undefined ? [] : [{ statement, keys }];
  });
}
const keyed = (): { statement: Statement; keys: TenantKey[] }[] =>
  ofTenants().filter(({ keys }) => keys.length > 0);

interface PlanNode {
  "Node Type": string;
  Operation?: string;
  "Relation Name"?: string;
  Alias?: string;
  Output?: string[];
  Plans?: PlanNode[];
  [detail: string]: unknown;
}

async function plan(text: string): Promise<PlanNode> {
  const { rows } = await client.query<{ "QUERY PLAN": [{ Plan: PlanNode }] }>(
    `EXPLAIN (VERBOSE, GENERIC_PLAN, FORMAT JSON) ${text}`,
  );
  const [row] = rows;
  if (row === undefined) throw new Error("There was no plan.");
  return row["QUERY PLAN"][0].Plan;
}

function* nodesOf(node: PlanNode): Generator<PlanNode> {
  yield node;
  for (const child of node.Plans ?? []) yield* nodesOf(child);
}

/** The column that must hold the node's rows to a tenant; undefined when they are nobody's. */
const leadOf = ({ "Relation Name": name = "" }: PlanNode): string | undefined =>
  TENANT_TABLES.get(name.replace(/_(other|\d{8})$/, ""));

/** All conditions anywhere in the plan: `Index Cond`, `Filter`, `Hash Cond` and the like. */
function conditionsOf(nodes: PlanNode[]): string {
  const details = nodes.flatMap((node) =>
    Object.entries(node).flatMap(([name, value]) =>
      /Cond|Filter/.test(name) && typeof value === "string" ? [value] : [],
    ),
  );
  return details.join("\n");
}

/** Whether rows of `alias` are held to a tenant by a parameter, or through another that is. */
function isHeld(node: PlanNode, all: PlanNode[], held: ReadonlySet<string>): boolean {
  const alias = node.Alias ?? "";
  const conditions = conditionsOf(all);
  const column = leadOf(node) ?? "";
  const own = conditionsOf([node, ...(node.Plans ?? [])]);
  if (new RegExp(`(?:\\b${alias}\\.)?\\b${column} = \\(?\\$\\d+`).test(own)) return true;
  const pair = new RegExp(`\\b(\\w+)"?\\.${column} = "?(\\w+)"?\\.${column}`, "g");
  return [...conditions.matchAll(pair)].some(
    ([, one = "", other = ""]) =>
      (one === alias && held.has(other)) || (other === alias && held.has(one)),
  );
}

/** Reads of tenants' tables that no tenant key narrows, and inserts of another's rows. */
async function loose({ text }: Pick<Statement, "text">): Promise<string[]> {
  const all = [...nodesOf(await plan(text))];
  const scans = all.filter((node) => leadOf(node) && node["Node Type"].endsWith("Scan"));
  const held = new Set<string>();
  // Rows of these come from tables that are judged by themselves.
  for (const node of all) {
    if (/^(?:CTE|Subquery) Scan$/.test(node["Node Type"])) held.add(node.Alias ?? "");
  }
  // What is held through another is found in a later round.
  for (const _round of scans) {
    for (const node of scans) if (isHeld(node, all, held)) held.add(node.Alias ?? "");
  }
  return scans
    .filter((node) => !held.has(node.Alias ?? ""))
    .map((node) => `${node["Node Type"]} of ${node["Relation Name"]} ${node.Alias}`);
}

describe("every statement about tenants", () => {
  test("is keyed by one, or has a reason to run for nobody in particular", () => {
    const unkeyed = ofTenants().filter(({ keys }) => keys.length === 0);
    expect(unkeyed.map(({ statement }) => statement.name).toSorted()).toEqual(
      Object.keys(UNKEYED).toSorted(),
    );
    expect(keyed().length).toBeGreaterThan(60);
  });

  test("is seen as one: all tables with tenants' rows are known, and found in SQL as in plans", async () => {
    const { rows } = await client.query<{ table: string; lead: string }>(
      `SELECT c.table_name AS table,
         (SELECT column_name FROM information_schema.columns l
          WHERE l.table_name = c.table_name AND l.column_name IN ('environment_id', 'application_id')
          ORDER BY array_position(
            (SELECT conkey FROM pg_constraint
             WHERE conrelid = c.table_name::regclass AND contype = 'p'), l.ordinal_position::int2)
          LIMIT 1) AS lead
       FROM information_schema.columns c JOIN pg_class t ON t.oid = c.table_name::regclass
       WHERE c.table_schema = 'public' AND NOT t.relispartition
         AND c.column_name IN ('environment_id', 'application_id')
       GROUP BY c.table_name`,
    );
    expect(new Map(rows.map(({ table, lead }) => [table, lead]))).toEqual(TENANT_TABLES);
    const unseen: string[] = [];
    for (const statement of statements.values()) {
      if (!/^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b/.test(statement.text)) continue;
      const leads: ReadonlySet<string> = leadsOf(statement);
      for (const node of nodesOf(await plan(statement.text))) {
        const lead = leadOf(node);
        if (lead !== undefined && !leads.has(lead)) unseen.push(`${statement.name}: ${lead}`);
      }
    }
    expect(unseen).toEqual([]);
  });

  test("reads tenants' rows only through its key", async () => {
    const found: string[] = [];
    for (const { statement } of keyed()) {
      for (const read of await loose(statement)) found.push(`${statement.name}: ${read}`);
    }
    expect(found.filter((read) => !HELD_BY_LOOK_UP.has(read))).toEqual([]);
    expect(found).toHaveLength(HELD_BY_LOOK_UP.size);
  });

  test("would be found without its filter", async () => {
    const missed: string[] = [];
    for (const { statement } of keyed()) {
      const text = withoutFilter(statement.text);
      if (text === statement.text) continue;
      if ((await loose({ text })).length === 0) missed.push(statement.name);
    }
    expect(missed).toEqual([]);
  });
});

/** The statement with each `environment_id = $1` made true of every row. */
function withoutFilter(text: string): string {
  return text.replaceAll(
    /(?:\b\w+\.)?\b(?:environment_id|application_id)\s*=\s*(\$\d+)\b/g,
    "$1::text IS NOT NULL",
  );
}

describe("in a request", () => {
  const mine = { environmentId: "org_mine", applicationIds: ["app_mine"] };

  /** The statement as asked by `mine`, with `value` for each of its keys. */
  function ask(
    { statement, keys }: { statement: Statement; keys: TenantKey[] },
    value: (key: TenantKey) => string,
  ): () => void {
    const wall = new TenantWall();
    const values: string[] = [];
    for (const key of keys) values[key.parameter] = value(key);
    return () => wall.run(mine, () => wall.before(statement, values));
  }
  const own = ({ column }: TenantKey): string =>
    column === "environment_id" ? "org_mine" : "app_mine";

  test("each may be asked for the caller's own, and none for another's", () => {
    for (const one of keyed()) {
      expect(ask(one, own), one.statement.name).not.toThrow();
      for (const foreign of one.keys) {
        const value = (key: TenantKey): string => (key === foreign ? "another" : own(key));
        expect(ask(one, value), one.statement.name).toThrow("another tenant's");
      }
    }
  });

  test("none runs unkeyed, without its filter, or for nobody", () => {
    for (const { statement, keys } of ofTenants()) {
      const bare = { ...statement, text: withoutFilter(statement.text) };
      const left = tenantKeysOf(bare) ?? [];
      // An insert names its tenant in its values, which stay and are still checked.
      if (left.length === 0) expect(ask({ statement: bare, keys }, own)).toThrow("not keyed");
      expect(() => new TenantWall().before(statement, []), statement.name).toThrow("outside");
    }
  });

  test("an application becomes the caller's by being found in its environment, not otherwise", () => {
    const wall = new TenantWall();
    const find = statements.get("find-application-by-uid");
    const list = statements.get("list-endpoints-ascending");
    if (find === undefined || list === undefined) throw new Error("They are not here.");
    const read = (): void => wall.before(list, ["app_found"]);
    wall.run(mine, () => {
      wall.after(list, [{ application_id: "app_found" }]);
      expect(read).toThrow("another tenant's");
      wall.after(find, [{ application_id: "app_found" }]);
      expect(read).not.toThrow();
    });
    wall.run(mine, () => expect(read).toThrow("another tenant's"));
    // A portal's only application is the one it was opened for.
    wall.run({ ...mine, fixed: true }, () => {
      wall.after(find, [{ application_id: "app_found" }]);
      expect(read).toThrow("another tenant's");
    });
  });

  test("guarded storage asks the database nothing it may not, in transactions too", async () => {
    const wall = new TenantWall();
    const guarded = storage.guarded(wall);
    const list = statements.get("list-endpoints-ascending");
    if (list === undefined) throw new Error("It is not here.");
    const values = (applicationId: string): unknown[] => [applicationId, "", "~", 10];
    await wall.run(mine, async () => {
      expect(await guarded.query(list, values("app_mine"))).toEqual([]);
      await expect(guarded.query(list, values("app_other"))).rejects.toThrow("another tenant's");
      const inside = guarded.transaction((queries) => queries.query(list, values("app_other")));
      await expect(inside).rejects.toThrow("another tenant's");
    });
    await expect(guarded.query(list, values("app_mine"))).rejects.toThrow("outside of a request");
    // What has nothing to do with tenants is anyone's.
    expect(await guarded.query({ name: "one", text: "SELECT 1 AS one" }, [])).toEqual([{ one: 1 }]);
  });
});
