/** Which nodes there are and how the buckets are shared among them, for people. */
import type { UnixMs } from "../../core/types.ts";
import { statement, type Storage } from "../storage.ts";

export interface ListedNode {
  nodeId: string;
  /** Empty: it is about to leave. */
  roles: string[];
  startedAt: UnixMs;
  /** Its lease, unless it renews it before. */
  expiresAt: UnixMs;
  deliveryBuckets: number;
  deviceBuckets: number;
}

/** Buckets of one kind. */
export interface BucketCount {
  total: number;
  /** By a node that there is. */
  owned: number;
}

const LIST = statement(
  "list-nodes",
  `SELECT n.node_id, n.roles, n.started_at, n.expires_at,
     (count(*) FILTER (WHERE l.kind = 'delivery'))::int AS delivery_buckets,
     (count(*) FILTER (WHERE l.kind = 'device'))::int AS device_buckets
   FROM node n LEFT JOIN bucket_lease l ON l.node_id = n.node_id
   GROUP BY n.node_id ORDER BY n.started_at, n.node_id LIMIT $1`,
);
const COUNT = statement(
  "count-buckets",
  `SELECT l.kind, count(*)::int AS total, count(n.node_id)::int AS owned
   FROM bucket_lease l LEFT JOIN node n ON n.node_id = l.node_id GROUP BY l.kind`,
);

/** More than any installation has. */
const NODES_MAX = 1_000;

interface NodeRow {
  [column: string]: unknown;
  node_id: string;
  roles: string[];
  started_at: UnixMs;
  expires_at: UnixMs;
  delivery_buckets: number;
  device_buckets: number;
}

export async function listNodes(storage: Storage): Promise<ListedNode[]> {
  const rows = await storage.query<NodeRow>(LIST, [NODES_MAX]);
  return rows.map((row) => ({
    nodeId: row.node_id,
    roles: row.roles,
    startedAt: row.started_at,
    expiresAt: row.expires_at,
    deliveryBuckets: row.delivery_buckets,
    deviceBuckets: row.device_buckets,
  }));
}

export async function countBuckets(
  storage: Storage,
): Promise<{ delivery: BucketCount; device: BucketCount }> {
  const rows = await storage.query<{ kind: string; total: number; owned: number }>(COUNT, []);
  const of = (kind: string): BucketCount => {
    const { total = 0, owned = 0 } = rows.find((row) => row.kind === kind) ?? {};
    return { total, owned };
  };
  return { delivery: of("delivery"), device: of("device") };
}
