/** Looks into the database from outside, as anybody could: a connection per look survives every fault. */
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import type { RecordedAttempt } from "../oracle.ts";

const POLL_MS = 20;

interface AttemptRow {
  message_id: string;
  succeeded: boolean;
  response_status: number;
  attempted_ms: number;
  duration_ms: number;
  last: boolean;
}

export class Observer {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async query<R extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<R[]> {
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: "prove",
      connectionTimeoutMillis: 5_000,
    });
    client.on("error", () => undefined);
    await client.connect();
    try {
      return (await client.query<R>(text, values)).rows;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  async attempts(): Promise<RecordedAttempt[]> {
    const rows = await this.query<AttemptRow>(
      `SELECT message_id, succeeded, response_status, duration_ms, next_attempt_at IS NULL AS last,
         (extract(epoch FROM attempted_at) * 1000)::float8 AS attempted_ms FROM attempt`,
    );
    return rows.map((row) => ({
      messageId: row.message_id,
      succeeded: row.succeeded,
      answered: row.response_status > 0,
      last: row.last,
      attemptedAt: row.attempted_ms,
      durationMs: row.duration_ms,
    }));
  }

  async stored(): Promise<Set<string>> {
    const rows = await this.query<{ message_id: string }>("SELECT message_id FROM message");
    return new Set(rows.map((row) => row.message_id));
  }

  async owed(): Promise<string[]> {
    const rows = await this.query<{ message_id: string }>("SELECT message_id FROM delivery");
    return rows.map((row) => row.message_id);
  }

  /** The node whose lock a session of this role holds. */
  async nodeIdOf(role: string): Promise<string | undefined> {
    const [row] = await this.query<{ node_id: string }>(
      `SELECT node_id FROM node n
       JOIN pg_locks l ON l.locktype = 'advisory' AND l.granted AND l.objid = n.lock_number::oid
         AND l.classid = 7302
         AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
       JOIN pg_stat_activity a ON a.pid = l.pid AND a.usename = $1`,
      [role],
    );
    return row?.node_id;
  }

  /** Living nodes that own buckets of deliveries. */
  async owners(): Promise<number> {
    const [row] = await this.query<{ owners: number }>(
      `SELECT count(DISTINCT n.node_id)::int AS owners
       FROM bucket_lease l JOIN node n USING (node_id) WHERE l.kind = 'delivery'`,
    );
    return row?.owners ?? 0;
  }

  /** Buckets of deliveries that no living node owns, those of `deadNodeId` included. */
  async orphans(deadNodeId: string): Promise<number> {
    const [row] = await this.query<{ buckets: number }>(
      `SELECT count(*)::int AS buckets FROM bucket_lease l WHERE kind = 'delivery' AND (node_id = $1
         OR NOT EXISTS (SELECT 1 FROM node n WHERE n.node_id = l.node_id))`,
      [deadNodeId],
    );
    return row?.buckets ?? 0;
  }
}

/** Asks again and again; a question that cannot be answered now counts as no. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  { timeoutMs = 120_000, pollMs = POLL_MS } = {},
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      if (await condition()) return;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`Waited ${timeoutMs} ms in vain until ${what}.`, { cause: last });
    }
    await delay(pollMs);
  }
}
