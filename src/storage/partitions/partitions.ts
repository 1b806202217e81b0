/**
 * Weekly partitions of what grows with time (message, attempt). They are ranges of the id, which
 * begins with the time, so that a look-up by id opens one partition, and old history is dropped, not
 * deleted. Weekly, not daily: 90 days then lock 14 tables per list instead of 91.
 */
import { firstIdAt, type IdPrefix } from "../../core/ids.ts";
import type { UnixMs } from "../../core/types.ts";
import { type Queries, sqlState, statement, type Storage } from "../storage.ts";

const WEEK_MS = 7 * 24 * 3_600_000;
/** A Monday. */
const WEEK_ZERO = Date.UTC(2020, 0, 6);
const PARTITION_LOCK = 7_302_002;
/**
 * Making and dropping a partition locks the whole table for a moment. Behind a long reader (a dump, a
 * report) that lock waits, and every write waits behind it: so it is given up soon and asked for again
 * later. `DETACH CONCURRENTLY` would lock less but is refused beside a default partition.
 */
const LOCK_TIMEOUT_MS = 250;
const LOCK_NOT_AVAILABLE = "55P03";

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
const LIMIT_WAIT = statement(
  "limit-wait-for-partitions",
  "SELECT set_config('lock_timeout', $1, true)",
);

/** In one transaction, alone among all nodes. */
async function withPartitions<T>(
  storage: Storage,
  work: (queries: Queries, existing: ReadonlySet<string>) => Promise<T>,
): Promise<T> {
  return storage.transaction(async (queries) => {
    await queries.query(LOCK, [PARTITION_LOCK]);
    const rows = await queries.query<{ name: string }>(EXISTING, []);
    return work(queries, new Set(rows.map((row) => row.name)));
  });
}

/** Whether a table was locked by others, so that it is worth trying again. */
export function isLocked(error: unknown): boolean {
  return sqlState(error) === LOCK_NOT_AVAILABLE;
}

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
  return withPartitions(storage, async (queries, existing) => {
    // Rows of a week without a partition would stay in the default one, and keep it from being made.
    const isUrgent = PARTITIONED.some(
      ({ table }) => !existing.has(partitionName(table, weekStart(now))),
    );
    if (!isUrgent) await queries.query(LIMIT_WAIT, [`${LOCK_TIMEOUT_MS}ms`]);
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

/** The end of what a partition holds; undefined for the default one. */
function endOf(name: string): UnixMs | undefined {
  const stamp = /_(\d{4})(\d{2})(\d{2})$/.exec(name);
  if (stamp === null) return undefined;
  return Date.UTC(Number(stamp[1]), Number(stamp[2]) - 1, Number(stamp[3])) + WEEK_MS;
}

/**
 * Drops partitions that end before `before`, the oldest first, each in a transaction of its own, so that
 * what could be dropped stays dropped.
 * @returns their names; rejects with a lock's error when one was in use
 */
export async function dropPartitions(storage: Storage, before: UnixMs): Promise<string[]> {
  const dropped: string[] = [];
  for (;;) {
    const name = await withPartitions(storage, async (queries, existing) => {
      const [oldest] = [...existing]
        .map((partition) => ({ partition, end: endOf(partition) ?? Infinity }))
        .filter(({ end }) => end <= before)
        .sort((a, b) => a.end - b.end);
      if (oldest === undefined) return undefined;
      await queries.query(LIMIT_WAIT, [`${LOCK_TIMEOUT_MS}ms`]);
      await queries.query({ name: "", text: `DROP TABLE ${oldest.partition}` }, []);
      return oldest.partition;
    });
    if (name === undefined) return dropped;
    dropped.push(name);
  }
}
