/**
 * Reads due deliveries of the lanes that have room, whole batches for many lanes in one statement.
 *
 * A claim writes nothing: the owner of a bucket is the only one who attempts its deliveries, and
 * knows in memory which are in flight. So there is no claimed state to clean up after a crash: rows
 * that were not recorded are simply due, for whoever owns the bucket next. Rejected: UPDATE … SET
 * claimed (SKIP LOCKED), which costs one more write and two more index entries per attempt.
 */
import { MANUAL, SCHEDULED, type Trigger } from "../../core/attempt-outcome.ts";
import { statement, type Storage } from "../storage.ts";
import type { Trace, UnixMs } from "../../core/types.ts";

/** Payloads up to here come along with the claim. */
const LOADED_BYTES_MAX = 4096;

export interface LaneRoom {
  bucket: number;
  epoch: number;
  endpointId: string;
  /** Most rows wanted; rows already in memory are among them. */
  limit: number;
  /** How many are in memory already, as a rule the oldest: of so many rows the messages are not read. */
  known: number;
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
  /** Without its message, type, channels and payload say nothing: `readMessages` before it is used. */
  hasMessage: boolean;
}

// One row per lane, its deliveries side by side in lists: of 2,000 deliveries that is 7.3 → 1.9 µs of CPU in
// Node each, and 7.3 → 5.4 µs in PostgreSQL, which else print and parse 14 columns of each. Ids, types and
// channels have no comma or space. Payloads travel as one value, cut by their sizes.
// What a claim finds again in memory, 41 of 100 rows in `drain` while no claim read on, it does not read the
// messages of: of 2,240 rows that is 4.6 → 2.7 µs of CPU in Node each and 5.5 → 3.7 µs in PostgreSQL (medians of
// seven alternated runs).
// Messages are looked up one by one (OFFSET 0, 0.1–0.3 µs): by a plan that was made for an empty table, a join looked
// for each among all.
// Large payloads are read in a second step, and only of the rows that are new and have room in memory:
// 2,000 rows may be 2 GB. Small ones come along: a second step for all of them took 30 % of the rate.
const CLAIM = statement(
  "claim-due-deliveries",
  `SELECT lane.number, found.*,
     (SELECT ARRAY[e.environment_id, e.revision::text] FROM endpoint e
      WHERE e.application_id = found.application_id AND e.endpoint_id = lane.endpoint_id) AS endpoint
   FROM unnest($1::smallint[], $2::bigint[], $3::text[], $4::int[], $5::int[], $6::float8[])
     WITH ORDINALITY AS lane(bucket, epoch, endpoint_id, room, known, due_after, number)
   JOIN bucket_lease l ON l.kind = 'delivery' AND l.bucket = lane.bucket
     AND l.epoch = lane.epoch AND l.node_id = $7
   CROSS JOIN LATERAL (
     SELECT max(d.application_id) AS application_id,
       string_agg(d.message_id, ',') AS message_ids,
       string_agg(d.trigger::text, ',') AS triggers,
       string_agg(d.attempts::text, ',') AS attempts,
       string_agg(round(date_part('epoch', d.due_at) * 1000)::text, ',') AS due_at,
       string_agg(coalesce(m.event_type, ''), ',') AS event_types,
       string_agg(coalesce(array_to_string(m.channels, ' '), ''), ',') AS channels,
       string_agg(coalesce(octet_length(m.payload), 0)::text, ',') AS payload_bytes,
       string_agg(m.payload, ''::bytea) FILTER (WHERE octet_length(m.payload) <= ${LOADED_BYTES_MAX})
         AS payloads
     FROM (
       SELECT *, row_number() OVER (ORDER BY due_at) AS position FROM delivery
       WHERE bucket = lane.bucket AND endpoint_id = lane.endpoint_id
         AND due_at >= to_timestamp(lane.due_after / 1000)
         AND due_at <= coalesce(to_timestamp($8::float8 / 1000), now())
       ORDER BY due_at
       LIMIT lane.room
     ) d
     LEFT JOIN LATERAL (
       SELECT * FROM message WHERE application_id = d.application_id
         AND message_id = CASE WHEN d.position > lane.known THEN d.message_id END OFFSET 0
     ) m ON true
   ) found
   WHERE found.application_id IS NOT NULL`,
);

/** Lists of equal length, one entry per delivery, oldest first. */
interface LaneRow {
  [column: string]: unknown;
  /** Of the lane in the request, from 1. */
  number: number;
  application_id: string;
  message_ids: string;
  triggers: string;
  attempts: string;
  due_at: string;
  event_types: string;
  channels: string;
  payload_bytes: string;
  /** One after another, those that come along; null: none does. */
  payloads: Buffer | null;
  /** Environment and revision; null: the endpoint is gone. */
  endpoint: [string, string] | null;
}

function toDueRows(row: LaneRow, lane: LaneRoom): DueRow[] {
  if (row.endpoint === null) return [];
  const [environmentId, revision] = row.endpoint;
  const common = {
    bucket: lane.bucket,
    epoch: lane.epoch,
    environmentId,
    applicationId: row.application_id,
    endpointId: lane.endpointId,
    revision: Number(revision),
  };
  const triggers = row.triggers.split(",");
  const attempts = row.attempts.split(",");
  const dueAt = row.due_at.split(",");
  const eventTypes = row.event_types.split(",");
  const channels = row.channels.split(",");
  const sizes = row.payload_bytes.split(",");
  let offset = 0;
  let eventType = "";
  return row.message_ids.split(",").map((messageId, index) => {
    // Mostly the same: then one text for all of them.
    if (eventTypes[index] !== eventType) eventType = eventTypes[index] ?? "";
    const payloadBytes = Number(sizes[index]);
    const isLoaded = payloadBytes > 0 && payloadBytes <= LOADED_BYTES_MAX;
    const start = offset;
    if (isLoaded) offset += payloadBytes;
    return {
      ...common,
      messageId,
      trigger: triggers[index] === "0" ? SCHEDULED : MANUAL,
      attempts: Number(attempts[index]),
      dueAt: Number(dueAt[index]),
      eventType,
      channels: channels[index] === "" ? null : (channels[index]?.split(" ") ?? null),
      payloadBytes,
      hasMessage: index >= lane.known,
      // A copy: one that waits long would keep all the others' bytes.
      payload: isLoaded ? Buffer.from(row.payloads?.subarray(start, offset) ?? []) : null,
    };
  });
}

/**
 * Due deliveries of `lanes`, oldest first; nothing for a bucket whose epoch moved on. The messages of each
 * lane's first `known` ones are not read.
 */
export async function claimDueDeliveries(
  storage: Storage,
  nodeId: string,
  lanes: LaneRoom[],
): Promise<DueRow[]> {
  const rows = await storage.query<LaneRow>(CLAIM, [
    lanes.map((lane) => lane.bucket),
    lanes.map((lane) => lane.epoch),
    lanes.map((lane) => lane.endpointId),
    lanes.map((lane) => lane.limit),
    lanes.map((lane) => lane.known),
    lanes.map((lane) => lane.dueAfter),
    nodeId,
    storage.now(),
  ]);
  const due = rows.flatMap((row) => {
    const lane = lanes[row.number - 1];
    return lane === undefined ? [] : toDueRows(row, lane);
  });
  return due.sort((one, other) => one.dueAt - other.dueAt);
}

const WANTED_MESSAGES = `unnest($1::text[], $2::text[]) AS wanted(application_id, message_id)
   CROSS JOIN LATERAL (
     SELECT * FROM message
     WHERE application_id = wanted.application_id AND message_id = wanted.message_id OFFSET 0
   ) m`;

const READ_MESSAGES = statement(
  "read-messages-due",
  `SELECT m.message_id, m.event_type, m.channels, coalesce(octet_length(m.payload), 0) AS payload_bytes,
     CASE WHEN octet_length(m.payload) <= ${LOADED_BYTES_MAX} THEN m.payload END AS payload
   FROM ${WANTED_MESSAGES}`,
);

interface MessageRow {
  [column: string]: unknown;
  message_id: string;
  event_type: string;
  channels: string[] | null;
  payload_bytes: number;
  payload: Buffer | null;
}

/** Reads the messages of rows that were claimed without; of one that is gone, payload and type stay empty. */
export async function readMessages(storage: Storage, rows: DueRow[]): Promise<void> {
  if (rows.length === 0) return;
  const found = await storage.query<MessageRow>(READ_MESSAGES, [
    rows.map((row) => row.applicationId),
    rows.map((row) => row.messageId),
  ]);
  const messages = new Map(found.map((message) => [message.message_id, message]));
  for (const row of rows) {
    row.hasMessage = true;
    const message = messages.get(row.messageId);
    if (message === undefined) continue;
    row.eventType = message.event_type;
    row.channels = message.channels;
    row.payloadBytes = message.payload_bytes;
    row.payload = message.payload;
  }
}

const LOAD_PAYLOADS = statement(
  "load-payloads",
  `SELECT m.message_id, m.payload FROM ${WANTED_MESSAGES}`,
);

/** Its payload is too large to come along with the claim. */
export function needsPayload({ payload, payloadBytes }: DueRow): boolean {
  return payload === null && payloadBytes > 0;
}

/** The same rows in the same order, all payloads loaded; a message owed to many is read once. */
export async function loadPayloads(storage: Storage, rows: DueRow[]): Promise<DueRow[]> {
  const missing = rows.filter(needsPayload);
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
