/**
 * Every statement of the program is prepared against the schema, and none of them reads a table that
 * grows with time from end to end.
 */
import { readdir } from "node:fs/promises";
import path from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensurePartitions, weekStart } from "../src/storage/partitions/partitions.ts";
import { type Statement, statements } from "../src/storage/storage.ts";
import { OPERATIONS } from "../src/telemetry/statement-watch.ts";
import { createIds } from "./support/factories.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import { openStorage } from "./support/test-node.ts";

const WEEK_MS = 7 * 24 * 3_600_000;
const STORAGE_FOLDER = path.resolve(import.meta.dirname, "../src/storage");
/** Tables, with their partitions, that hold millions of rows. */
const BIG = /^(delivery|message|attempt|attempt_count|issue|action)(_other|_\d{8})?$/;

/** Reads of whole tables that are wanted, with their reasons. */
const WHOLE: Record<string, string> = {
  "count-actions": "counts up to a bound, and stops there whichever way it reads",
};

let database: TestDatabase;
let client: pg.Client;
const firstColumns = new Map<string, string>();
/** Small by their own condition: reading all of one is no reading of its table. */
const partialIndexes = new Set<string>();

/** Declaring a statement registers it, so importing every file finds them all. */
async function importAll(): Promise<void> {
  const entries = await readdir(STORAGE_FOLDER, { recursive: true });
  for (const entry of entries.toSorted()) {
    if (!entry.endsWith(".ts") || entry.endsWith(".test.ts")) continue;
    await import(path.join(STORAGE_FOLDER, entry));
  }
}

/** Message ids of two weeks ago to two weeks ahead: every partition has its share, the default too. */
function idsOverWeeks(count: number): string[] {
  const from = weekStart(Date.now()) - 2 * WEEK_MS;
  let at = from;
  const ids = createIds(() => at);
  return Array.from({ length: count }, (_, n) => {
    at = from + Math.floor((n * 5 * WEEK_MS) / count);
    return ids.make("msg_");
  });
}

// Enough rows that an index is worth its while, and statistics that say so.
const FILL = `
  INSERT INTO message (application_id, message_id, event_type, payload)
  SELECT 'app_' || n % 50, id, 'a', '{}' FROM message_ids;
  INSERT INTO attempt (application_id, attempt_id, endpoint_id, message_id, event_type, trigger,
    succeeded, response_status, response_body, duration_ms, url, attempted_at)
  SELECT 'app_' || n % 50, replace(id, 'msg_', 'atmpt_'), 'ep_' || n % 500, id, 'a', 0, n % 3 = 0,
    200, '', 1, '', now()
  FROM message_ids;
  INSERT INTO delivery (application_id, endpoint_id, message_id, bucket, due_at)
  SELECT 'app_' || n % 50, 'ep_' || n % 500, id, n % 500 % 64, now() FROM message_ids;
  INSERT INTO environment (environment_id, mode, default_application_id)
  VALUES ('org_0', 'sandbox', 'app_0'), ('org_1', 'live', 'app_1');
  INSERT INTO endpoint (application_id, endpoint_id, environment_id, bucket, url)
  SELECT DISTINCT 'app_' || n % 50, 'ep_' || n % 500, 'org_0', n % 500 % 64, '' FROM message_ids;
  INSERT INTO attempt_count (application_id, endpoint_id, seconds, starts_at, attempts, successes,
    durations)
  SELECT 'app_' || n % 50, 'ep_' || n % 500, (ARRAY[60, 3600])[n % 2 + 1],
    now() - n / 500 * interval '1 hour', 1, 1, '{1}'
  FROM message_ids;
  INSERT INTO attempt_count_position (application_id, endpoint_id, counted_to)
  SELECT application_id, endpoint_id, '' FROM endpoint;
  INSERT INTO issue (application_id, issue_id, endpoint_id, cause, first_seen_at, opened_at,
    last_seen_at, attempts, last_attempt_id, last_message_id)
  SELECT 'app_' || n % 50, 'iss_' || n, 'ep_' || n % 500, 'http_' || n / 500, now(), now(), now(), 1,
    replace(id, 'msg_', 'atmpt_'), id
  FROM message_ids;
  INSERT INTO device (environment_id, device_id, bucket, connector, name)
  SELECT 'org_' || n % 2, 'dev_' || n, n % 64, 'sandbox', '' FROM generate_series(0, 999) n;
  INSERT INTO action (environment_id, action_id, device_id, device_type, bucket, command, parameters,
    state, created_at, updated_at)
  SELECT 'org_' || n % 2, 'act_3' || lpad(n::text, 26, '0'), 'dev_' || n % 1000, 'battery',
    n % 1000 % 64, 'idle', '{}', 'completed', now(), now()
  FROM generate_series(1, 50000) n;
  ANALYZE`;

beforeAll(async () => {
  await importAll();
  database = await createTestDatabase();
  const storage = openStorage(database.url);
  await ensurePartitions(storage, Date.now());
  await storage.close();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query("CREATE TEMP TABLE message_ids (n serial, id text)");
  await client.query("INSERT INTO message_ids (id) SELECT unnest($1::text[])", [
    idsOverWeeks(50_000),
  ]);
  await client.query(FILL);
  const indexes = await client.query<{ name: string; first: string; partial: boolean }>(
    `SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid, 1, true) AS first,
       indpred IS NOT NULL AS partial FROM pg_index`,
  );
  for (const { name, first, partial } of indexes.rows) {
    if (partial) partialIndexes.add(name);
    else firstColumns.set(name, first);
  }
  // Nothing is read whole for being small: only what no index can serve is still read whole.
  await client.query("SET enable_seqscan = off; SET jit = off");
});

afterAll(async () => {
  await client.end();
  await database.drop();
});

interface PlanNode {
  "Node Type": string;
  "Relation Name"?: string;
  "Index Name"?: string;
  "Index Cond"?: string;
  Plans?: PlanNode[];
}

/** Whether the read begins at a key of the index, not at its start (a skip scan does). */
function isNarrow(node: PlanNode): boolean {
  const { "Index Name": index = "", "Index Cond": condition = "" } = node;
  if (partialIndexes.has(index) || node["Node Type"] === "Tid Scan") return true;
  const first = firstColumns.get(index);
  return first !== undefined && new RegExp(`\\b${first}\\b`).test(condition);
}

/** Reads of big tables that no condition on an index narrows down. */
function* wholeReads(node: PlanNode): Generator<string> {
  const { "Node Type": type, "Relation Name": relation = "", Plans: children = [] } = node;
  const reads = type.endsWith("Scan") && type !== "Bitmap Heap Scan" && BIG.test(relation);
  if ((reads || type === "Bitmap Index Scan") && !isNarrow(node)) {
    yield `${type} of ${relation} ${node["Index Name"] ?? ""}`;
  }
  for (const child of children) yield* wholeReads(child);
}

async function plan({ text }: Statement): Promise<PlanNode> {
  const { rows } = await client.query<{ "QUERY PLAN": [{ Plan: PlanNode }] }>(
    `EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${text}`,
  );
  const [row] = rows;
  if (row === undefined) throw new Error("There was no plan.");
  return row["QUERY PLAN"][0].Plan;
}

describe("statements", () => {
  test("are found: the files that declare them were imported", () => {
    for (const name of ["insert-messages", "claim-due-deliveries", "record-attempts"]) {
      expect([...statements.keys()]).toContain(name);
    }
  });

  test("those that are timed by name are among them", () => {
    expect(Object.keys(OPERATIONS).filter((name) => !statements.has(name))).toEqual([]);
  });

  test("each fits the schema", async () => {
    const broken: string[] = [];
    for (const { name, text } of statements.values()) {
      await client.query(`PREPARE one AS ${text}`).then(
        () => client.query("DEALLOCATE one"),
        (error: Error) => broken.push(`${name}: ${error.message}`),
      );
    }
    expect(broken).toEqual([]);
  });

  test("none reads a big table from end to end", async () => {
    const offenders: string[] = [];
    for (const declared of statements.values()) {
      if (!/^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b/.test(declared.text)) continue;
      for (const read of wholeReads(await plan(declared))) {
        offenders.push(`${declared.name}: ${read}`);
      }
    }
    expect(offenders).toEqual([]);
  });

  // Forbidding it shows what is possible; only a planner that may choose shows what will be done.
  test("none is planned to, where the planner may choose", async () => {
    await client.query("SET enable_seqscan = on");
    const offenders: string[] = [];
    for (const declared of statements.values()) {
      if (!/^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b/.test(declared.text)) continue;
      for (const read of wholeReads(await plan(declared))) {
        if (!(declared.name in WHOLE)) offenders.push(`${declared.name}: ${read}`);
      }
    }
    await client.query("SET enable_seqscan = off");
    expect(offenders).toEqual([]);
  });

  test.each([
    ["SELECT * FROM delivery WHERE message_id = $1::text", 1],
    ["SELECT * FROM attempt WHERE url = $1::text", 1],
    ["SELECT count(*) FROM action WHERE environment_id = $1::text OR state = $2::text", 1],
    ["SELECT max(due_at) FROM delivery", 1],
    ["SELECT * FROM delivery WHERE bucket = $1::smallint AND endpoint_id = $2::text", 0],
  ])("would be caught: %s", async (text, reads) => {
    const found = [...wholeReads(await plan({ name: "", text }))];
    expect(found.length > 0).toBe(reads > 0);
  });
});
