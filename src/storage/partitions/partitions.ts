/**
 * Weekly partitions of what grows with time (message, attempt). They are ranges of the id, which
 * begins with the time, so that a look-up by id opens one partition, and old history is dropped, not
 * deleted. Weekly, not daily: 90 days then lock 14 tables per list instead of 91.
 */
import { firstIdAt, type IdPrefix } from "../../core/ids.ts";
import type { UnixMs } from "../../core/types.ts";
import { statement, type Storage } from "../storage.ts";

const WEEK_MS = 7 * 24 * 3_600_000;
/** A Monday. */
const WEEK_ZERO = Date.UTC(2020, 0, 6);
const PARTITION_LOCK = 7_302_002;

const PARTITIONED: readonly { table: string; prefix: IdPrefix }[] = [
  { table: "message", prefix: "msg_" },
  { table: "attempt", prefix: "atmpt_" },
];

const EXISTING = statement(
  "list-partitions",
  `SELECT c.relname AS name FROM pg_inherits i
   JOIN pg_class c ON c.oid = i.inhrelid
   WHERE i.inhparent IN ('message'::regclass, 'attempt'::regclass)`,
);
const LOCK = statement("lock-partitions", "SELECT pg_advisory_xact_lock($1)");

export function weekStart(at: UnixMs): UnixMs {
  return WEEK_ZERO + Math.floor((at - WEEK_ZERO) / WEEK_MS) * WEEK_MS;
}

function partitionName(table: string, start: UnixMs): string {
  return `${table}_${new Date(start).toISOString().slice(0, 10).replaceAll("-", "")}`;
}

/** Makes the partitions of last week (clock skew), this one and `weeksAhead` more. Idempotent. */
export async function ensurePartitions(
  storage: Storage,
  now: UnixMs,
  weeksAhead = 2,
): Promise<string[]> {
  return storage.transaction(async (queries) => {
    await queries.query(LOCK, [PARTITION_LOCK]);
    const rows = await queries.query<{ name: string }>(EXISTING, []);
    const existing = new Set(rows.map((row) => row.name));
    const made: string[] = [];
    for (const { table, prefix } of PARTITIONED) {
      for (let week = -1; week <= weeksAhead; week += 1) {
        const start = weekStart(now) + week * WEEK_MS;
        const name = partitionName(table, start);
        if (existing.has(name)) continue;
        const from = firstIdAt(prefix, start);
        const to = firstIdAt(prefix, start + WEEK_MS);
        // Names and bounds are made here from a table name and a date: nothing of it is input.
        const text = `CREATE TABLE ${name} PARTITION OF ${table} FOR VALUES FROM ('${from}') TO ('${to}')`;
        await queries.query({ name: "", text }, []);
        made.push(name);
      }
    }
    return made;
  });
}

/** Drops partitions that end before `before`. @returns their names */
export async function dropPartitions(storage: Storage, before: UnixMs): Promise<string[]> {
  return storage.transaction(async (queries) => {
    await queries.query(LOCK, [PARTITION_LOCK]);
    const rows = await queries.query<{ name: string }>(EXISTING, []);
    const dropped: string[] = [];
    for (const { name } of rows) {
      const stamp = /_(\d{4})(\d{2})(\d{2})$/.exec(name);
      if (stamp === null) continue;
      const start = Date.UTC(Number(stamp[1]), Number(stamp[2]) - 1, Number(stamp[3]));
      if (start + WEEK_MS > before) continue;
      await queries.query({ name: "", text: `DROP TABLE ${name}` }, []);
      dropped.push(name);
    }
    return dropped;
  });
}
