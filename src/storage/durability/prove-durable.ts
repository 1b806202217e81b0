/**
 * Proof, before a repeated request is answered like the first one, that what the first stored cannot be
 * lost. A commit whose wait for the synchronous standby was cancelled is visible and yet may be only on
 * this server; whoever finds its row must not take it for safe (`reliability.md` E16).
 */
import { statement, type Storage } from "../storage.ts";

// A small write of its own: its commit comes after that of every row read before it, and it returns when
// the standby has flushed up to there. Comparing pg_stat_replication's LSNs instead needs a right that
// ordinary roles lack and a copy of PostgreSQL's rules about which standbys count. A log message leaves
// no row behind. Only repeats pay for it: one more commit per batch that has any.
const PROVE = statement(
  "prove-durable",
  "SELECT pg_logical_emit_message(true, 'amps', ''::text) IS NOT NULL AS proven",
);

/** Resolves once all that this node has read so far is as durable as a commit. */
export async function proveDurable(storage: Storage): Promise<void> {
  await storage.query(PROVE, []);
}
