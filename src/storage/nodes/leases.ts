/**
 * Who owns which bucket. A node lives by its row (renewed lease) and by a session advisory lock that
 * PostgreSQL frees the moment its connection ends; a node without either is buried by its peers, and
 * its buckets go to others under a higher epoch.
 */
import { statement, type Storage } from "../storage.ts";
import type { Session } from "./session.ts";

export type LeaseKind = "delivery" | "device";

/** First key of the two-part advisory locks that nodes hold; the second is their lock number. */
export const NODE_LOCK_CLASS = 7302;

// Who joins, leaves, lets go or buries tells so ($1 is its id), and nobody waits for the next tick to share anew.
// Equal notifications of one statement are sent once. A hint only: whoever misses it looks every second.
const TELL_PEERS = "RETURNING pg_notify('amps_bucket', $1)";

export interface OwnedBucket {
  bucket: number;
  epoch: number;
}

const NEXT_LOCK = statement(
  "next-node-lock",
  "SELECT nextval('node_lock_number')::int AS lock_number",
);

const REGISTER = statement(
  "register-node",
  `INSERT INTO node (node_id, lock_number, roles, expires_at)
   VALUES ($1, $2, $3, now() + $4 * interval '1 millisecond')
   ${TELL_PEERS}`,
);

/** Takes the node's lock on `session` first, then shows the node to its peers. */
export async function registerNode(
  storage: Storage,
  session: Session,
  node: { nodeId: string; roles: string[]; leaseMs: number },
): Promise<void> {
  const [row] = await storage.query<{ lock_number: number }>(NEXT_LOCK, []);
  if (row === undefined) throw new Error("The sequence node_lock_number gave no number.");
  await session.lock(NODE_LOCK_CLASS, row.lock_number);
  await storage.query(REGISTER, [node.nodeId, row.lock_number, node.roles, node.leaseMs]);
}

const RENEW = statement(
  "renew-node",
  `UPDATE node SET expires_at = now() + $2 * interval '1 millisecond'
   WHERE node_id = $1 RETURNING node_id`,
);

/** @returns false when peers have buried this node: it owns nothing any more */
export async function renewNode(
  storage: Storage,
  nodeId: string,
  leaseMs: number,
): Promise<boolean> {
  return (await storage.query(RENEW, [nodeId, leaseMs])).length > 0;
}

// The lock of a live node cannot be had, so trying it tells; it is freed again with the statement.
const BURY = statement(
  "bury-dead-nodes",
  `DELETE FROM node WHERE node_id <> $1
     AND (expires_at < now() OR pg_try_advisory_xact_lock($2, lock_number))
   ${TELL_PEERS}, node_id`,
);

export async function buryDeadNodes(storage: Storage, nodeId: string): Promise<string[]> {
  const rows = await storage.query<{ node_id: string }>(BURY, [nodeId, NODE_LOCK_CLASS]);
  return rows.map((row) => row.node_id);
}

const COUNT = statement(
  "count-live-nodes",
  "SELECT count(*)::int AS nodes FROM node WHERE $1 = ANY (roles)",
);

export async function countLiveNodes(storage: Storage, role: string): Promise<number> {
  const [row] = await storage.query<{ nodes: number }>(COUNT, [role]);
  return row?.nodes ?? 0;
}

// What is free is seen first, and locked under the epoch it was seen with. Whoever has acquired a bucket in
// between has raised its epoch: PostgreSQL looks at a locked row anew, but not at what it was joined to, so
// that by NOT EXISTS alone the new owner's bucket would still be free, and be taken from under it.
const ACQUIRE = statement(
  "acquire-buckets",
  `WITH seen AS MATERIALIZED (
     SELECT bucket, epoch FROM bucket_lease l
     WHERE kind = $2 AND NOT (bucket = ANY ($4::smallint[]))
       AND NOT EXISTS (SELECT 1 FROM node n WHERE n.node_id = l.node_id)
   ),
   free AS (
     SELECT l.bucket FROM bucket_lease l JOIN seen USING (bucket, epoch)
     WHERE l.kind = $2 ORDER BY l.bucket LIMIT $3 FOR UPDATE OF l SKIP LOCKED
   )
   UPDATE bucket_lease l SET node_id = $1, epoch = l.epoch + 1
   FROM free
   WHERE l.kind = $2 AND l.bucket = free.bucket
     AND EXISTS (SELECT 1 FROM node n WHERE n.node_id = $1)
   RETURNING l.bucket, l.epoch`,
);

export async function acquireBuckets(
  storage: Storage,
  claim: { nodeId: string; kind: LeaseKind; limit: number; except: number[] },
): Promise<OwnedBucket[]> {
  const rows = await storage.query<{ bucket: number; epoch: number }>(ACQUIRE, [
    claim.nodeId,
    claim.kind,
    claim.limit,
    claim.except,
  ]);
  return rows.map((row) => ({ bucket: row.bucket, epoch: row.epoch }));
}

const LIST = statement(
  "list-leases",
  "SELECT bucket, epoch FROM bucket_lease WHERE kind = $1 AND node_id = $2",
);

/** What the database says this node owns. */
export async function listLeases(
  storage: Storage,
  kind: LeaseKind,
  nodeId: string,
): Promise<OwnedBucket[]> {
  const rows = await storage.query<{ bucket: number; epoch: number }>(LIST, [kind, nodeId]);
  return rows.map((row) => ({ bucket: row.bucket, epoch: row.epoch }));
}

const RELEASE = statement(
  "release-buckets",
  `UPDATE bucket_lease SET node_id = NULL
   WHERE kind = $2 AND node_id = $1 AND bucket = ANY ($3::smallint[])
   ${TELL_PEERS}`,
);

export async function releaseBuckets(
  storage: Storage,
  release: { nodeId: string; kind: LeaseKind; buckets: number[] },
): Promise<void> {
  await storage.query(RELEASE, [release.nodeId, release.kind, release.buckets]);
}

const RETIRE = statement("retire-node", "UPDATE node SET roles = '{}' WHERE node_id = $1");

/** The node keeps what it owns while it finishes, but its peers no longer count on it for a share. */
export async function retireNode(storage: Storage, nodeId: string): Promise<void> {
  await storage.query(RETIRE, [nodeId]);
}

const LEAVE = statement("remove-node", `DELETE FROM node WHERE node_id = $1 ${TELL_PEERS}`);

/** The node's last act: its remaining buckets are free for its peers at once. */
export async function removeNode(storage: Storage, nodeId: string): Promise<void> {
  await storage.query(LEAVE, [nodeId]);
}
