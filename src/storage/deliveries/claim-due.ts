/**
 * Reads due deliveries of the lanes that have room, whole batches for many lanes in one statement.
 *
 * A claim writes nothing: the owner of a bucket is the only one who attempts its deliveries, and
 * knows in memory which are in flight. So there is no claimed state to clean up after a crash: rows
 * that were not recorded are simply due, for whoever owns the bucket next. Rejected: UPDATE … SET
 * claimed (SKIP LOCKED), which costs one more write and two more index entries per attempt.
 */
import type { Trigger } from "../../core/attempt-outcome.ts";
import { statement, type Storage } from "../storage.ts";
import type { Trace, UnixMs } from "../../core/types.ts";

export interface LaneRoom {
  bucket: number;
  epoch: number;
  endpointId: string;
  /** Most rows wanted; rows already in memory are among them. */
  limit: number;
  /** Everything due before this is known to be done: keeps the scan off dead index entries. */
  dueAfter: UnixMs;
}

export interface DueDelivery {
  bucket: number;
  epoch: number;
  environmentId: string;
  applicationId: string;
  endpointId: string;
  messageId: string;
  trigger: Trigger;
  /** Failed attempts of the chain so far. */
  attempts: number;
  dueAt: UnixMs;
  revision: number;
  eventType: string;
  channels: string[] | null;
  /** Null when the payload was expunged or dropped by retention. */
  payload: Buffer | null;
  /** Of the event's acceptance, when this process saw it. */
  trace?: Trace | undefined;
}

/** A due delivery whose payload is still to be loaded when it is null although it has bytes. */
export interface DueRow extends DueDelivery {
  payloadBytes: number;
}

// Large payloads are read in a second step, and only of the rows that are new and have room in memory:
// 2,000 rows may be 2 GB. Small ones come along: a second step for all of them took 30 % of the rate.
const CLAIM = statement(
  "claim-due-deliveries",
  `SELECT d.bucket, lane.epoch, d.application_id, d.endpoint_id, d.message_id, d.trigger, d.attempts,
     d.due_at, e.environment_id, e.revision, coalesce(m.event_type, '') AS event_type, m.channels,
     coalesce(octet_length(m.payload), 0) AS payload_bytes,
     CASE WHEN octet_length(m.payload) <= 4096 THEN m.payload END AS payload
   FROM unnest($1::smallint[], $2::bigint[], $3::text[], $4::int[], $5::float8[])
     AS lane(bucket, epoch, endpoint_id, room, due_after)
   JOIN bucket_lease l ON l.kind = 'delivery' AND l.bucket = lane.bucket
     AND l.epoch = lane.epoch AND l.node_id = $6
   CROSS JOIN LATERAL (
     SELECT * FROM delivery
     WHERE bucket = lane.bucket AND endpoint_id = lane.endpoint_id
       AND due_at >= to_timestamp(lane.due_after / 1000)
       AND due_at <= coalesce(to_timestamp($7::float8 / 1000), now())
     ORDER BY due_at
     LIMIT lane.room
   ) d
   JOIN endpoint e ON e.application_id = d.application_id AND e.endpoint_id = d.endpoint_id
   LEFT JOIN message m ON m.application_id = d.application_id AND m.message_id = d.message_id`,
);

interface ClaimRow {
  [column: string]: unknown;
  bucket: number;
  epoch: number;
  environment_id: string;
  application_id: string;
  endpoint_id: string;
  message_id: string;
  trigger: Trigger;
  attempts: number;
  due_at: UnixMs;
  revision: number;
  event_type: string;
  channels: string[] | null;
  payload_bytes: number;
  payload: Buffer | null;
}

/** Due deliveries of `lanes`, oldest first; nothing for a bucket whose epoch moved on. */
export async function claimDueDeliveries(
  storage: Storage,
  nodeId: string,
  lanes: LaneRoom[],
): Promise<DueRow[]> {
  const rows = await storage.query<ClaimRow>(CLAIM, [
    lanes.map((lane) => lane.bucket),
    lanes.map((lane) => lane.epoch),
    lanes.map((lane) => lane.endpointId),
    lanes.map((lane) => lane.limit),
    lanes.map((lane) => lane.dueAfter),
    nodeId,
    storage.now(),
  ]);
  const due = rows.map((row) => ({
    bucket: row.bucket,
    epoch: row.epoch,
    environmentId: row.environment_id,
    applicationId: row.application_id,
    endpointId: row.endpoint_id,
    messageId: row.message_id,
    trigger: row.trigger,
    attempts: row.attempts,
    dueAt: row.due_at,
    revision: row.revision,
    eventType: row.event_type,
    channels: row.channels,
    payloadBytes: row.payload_bytes,
    payload: row.payload,
  }));
  return due.sort((one, other) => one.dueAt - other.dueAt);
}

const LOAD_PAYLOADS = statement(
  "load-payloads",
  `SELECT message_id, payload
   FROM unnest($1::text[], $2::text[]) AS wanted(application_id, message_id)
   JOIN message USING (application_id, message_id)`,
);

/** The same rows in the same order, all payloads loaded; a message owed to many is read once. */
export async function loadPayloads(storage: Storage, rows: DueRow[]): Promise<DueDelivery[]> {
  const missing = rows.filter((row) => row.payload === null && row.payloadBytes > 0);
  if (missing.length === 0) return rows;
  const wanted = [...new Map(missing.map((row) => [row.messageId, row])).values()];
  const found = await storage.query<{ message_id: string; payload: Buffer | null }>(LOAD_PAYLOADS, [
    wanted.map((row) => row.applicationId),
    wanted.map((row) => row.messageId),
  ]);
  const payloads = new Map(found.map((row) => [row.message_id, row.payload]));
  for (const row of missing) row.payload = payloads.get(row.messageId) ?? null;
  return rows;
}
