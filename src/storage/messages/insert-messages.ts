/**
 * Stores messages with everything they owe: message, deliveries to each matching endpoint, the
 * caller's event id and idempotency key commit together in one statement, many messages at a time.
 */
import type { UnixMs } from "../../core/types.ts";
import { proveDurable } from "../durability/prove-durable.ts";
import { DEADLOCK, sqlState, statement, UNIQUE_VIOLATION, type Storage } from "../storage.ts";
import {
  readStored,
  STORE_AND_FAN_OUT,
  type Stored,
  type StoredRow,
  TELL_STORED,
} from "./store-and-fan-out.ts";

export interface NewMessage {
  environmentId: string;
  applicationId: string;
  messageId: string;
  eventId: string | null;
  eventType: string;
  channels: string[] | null;
  tags: string[] | null;
  payload: Buffer;
  /** SHA-256 digests of the caller's key (with its operation) and of the whole request. */
  idempotency: { keyHash: Buffer; requestHash: Buffer } | null;
  /** Not to be sent before; null: at once. */
  deliverAt?: UnixMs | null;
  /** How long the payload is kept; null: as long as the message. */
  payloadHours?: number | null;
}

export type InsertOutcome =
  | ({ kind: "stored" } & Stored)
  | { kind: "replayed"; messageId: string; createdAt: UnixMs }
  | { kind: "event_id_taken" }
  | { kind: "idempotency_mismatch" };

// Payloads travel as one binary parameter and are cut by offset: an array of bytea would be sent as
// hex text, twice the bytes and an escape pass per payload.
const INSERT = statement(
  "insert-messages",
  `WITH given AS (
    SELECT m.*, date_trunc('milliseconds', coalesce(to_timestamp($2::float8 / 1000), now())) AS created_at
    FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
      $10::int[], $11::int[], $12::text[], $13::text[], $14::float8[], $15::int[]) WITH ORDINALITY
      AS m(environment_id, application_id, message_id, event_id, event_type, channels, tags,
        payload_start, payload_bytes, key_hash, request_hash, deliver_at, payload_hours, number)
  ),
  accepted AS (
    SELECT m.number, m.environment_id, m.application_id, m.message_id, m.event_id, m.event_type,
      string_to_array(m.channels, ',') AS channels, string_to_array(m.tags, ',') AS tags,
      substring($1::bytea FROM m.payload_start + 1 FOR m.payload_bytes) AS payload,
      m.key_hash, m.request_hash, m.created_at, to_timestamp(m.deliver_at / 1000) AS deliver_at,
      m.created_at + m.payload_hours * interval '1 hour' AS payload_expires_at
    FROM given m
  ),
  event AS (
    INSERT INTO message_event_id (application_id, event_id, message_id)
    SELECT application_id, event_id, message_id FROM accepted
    WHERE event_id IS NOT NULL ORDER BY application_id, event_id
  ),
  known AS (
    INSERT INTO idempotency (environment_id, key_hash, request_hash, resource_id, created_at)
    SELECT environment_id, decode(key_hash, 'hex'), decode(request_hash, 'hex'), message_id, created_at
    FROM accepted WHERE key_hash IS NOT NULL ORDER BY environment_id, key_hash
  ), ${STORE_AND_FAN_OUT}
  ${TELL_STORED}`,
);

const FIND_TAKEN = statement(
  "find-taken-messages",
  `SELECT m.message_id, i.resource_id AS known_id, encode(i.request_hash, 'hex') AS request_hash,
     coalesce(known.created_at, i.created_at) AS known_at, e.message_id AS event_message_id
   FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
     AS m(environment_id, application_id, message_id, event_id, key_hash)
   LEFT JOIN idempotency i
     ON i.environment_id = m.environment_id AND i.key_hash = decode(m.key_hash, 'hex')
   LEFT JOIN message known
     ON known.application_id = m.application_id AND known.message_id = i.resource_id
   LEFT JOIN message_event_id e
     ON e.application_id = m.application_id AND e.event_id = m.event_id
   WHERE i.key_hash IS NOT NULL OR e.event_id IS NOT NULL`,
);

interface TakenRow {
  [column: string]: unknown;
  message_id: string;
  known_id: string | null;
  request_hash: string | null;
  known_at: UnixMs | null;
  event_message_id: string | null;
}

const ROUNDS_MAX = 10;

/**
 * Commits `messages` and answers each, in order. Optimistic: the batch is inserted as it is; only
 * when a key turns out to be taken are the takers looked up, answered, and the rest inserted again.
 */
export async function insertMessages(
  storage: Storage,
  messages: NewMessage[],
): Promise<InsertOutcome[]> {
  const outcomes = new Map<NewMessage, InsertOutcome>();
  let open = messages;
  for (let round = 0; open.length > 0; round += 1) {
    const [batch, later] = splitTwins(open);
    try {
      await insertBatch(storage, batch, outcomes);
      open = later;
    } catch (error) {
      const state = sqlState(error);
      const retryable = state === UNIQUE_VIOLATION || state === DEADLOCK;
      if (!retryable || round >= ROUNDS_MAX) throw error;
      await answerTaken(storage, open, outcomes);
      open = open.filter((message) => !outcomes.has(message));
    }
  }
  return messages.map((message) => {
    const outcome = outcomes.get(message);
    if (outcome === undefined) throw new Error(`No outcome for message ${message.messageId}.`);
    return outcome;
  });
}

/** Two messages with one key cannot be in one statement: the later one goes into the next round. */
function splitTwins(messages: NewMessage[]): [NewMessage[], NewMessage[]] {
  const seen = new Set<string>();
  const first: NewMessage[] = [];
  const later: NewMessage[] = [];
  for (const message of messages) {
    const keys: string[] = [];
    if (message.idempotency !== null) {
      keys.push(`k ${message.environmentId} ${message.idempotency.keyHash.toString("hex")}`);
    }
    if (message.eventId !== null) keys.push(`e ${message.applicationId} ${message.eventId}`);
    if (keys.some((key) => seen.has(key))) {
      later.push(message);
    } else {
      for (const key of keys) seen.add(key);
      first.push(message);
    }
  }
  return [first, later];
}

/**
 * One parameter; null when it says nothing, which `unnest` fills up with nulls: seven of them less cost PostgreSQL 30
 * of 1,010 µs for 62 messages.
 */
function columnOf(batch: NewMessage[], read: (message: NewMessage) => unknown): unknown {
  const values = batch.map(read);
  return values.every((value) => value === null) ? null : values;
}

async function insertBatch(
  storage: Storage,
  batch: NewMessage[],
  outcomes: Map<NewMessage, InsertOutcome>,
): Promise<void> {
  const starts: number[] = [];
  let offset = 0;
  for (const message of batch) {
    starts.push(offset);
    offset += message.payload.length;
  }
  const rows = await storage.query<StoredRow>(INSERT, [
    Buffer.concat(batch.map((message) => message.payload)),
    storage.now(),
    batch.map((message) => message.environmentId),
    batch.map((message) => message.applicationId),
    batch.map((message) => message.messageId),
    columnOf(batch, (message) => message.eventId),
    batch.map((message) => message.eventType),
    columnOf(batch, (message) => message.channels?.join(",") ?? null),
    columnOf(batch, (message) => message.tags?.join(",") ?? null),
    starts,
    batch.map((message) => message.payload.length),
    columnOf(batch, (message) => message.idempotency?.keyHash.toString("hex") ?? null),
    columnOf(batch, (message) => message.idempotency?.requestHash.toString("hex") ?? null),
    columnOf(batch, (message) => message.deliverAt ?? null),
    columnOf(batch, (message) => message.payloadHours ?? null),
  ]);
  const stored = readStored(rows);
  for (const [index, message] of batch.entries()) {
    const outcome = stored.get(index + 1);
    if (outcome === undefined) throw new Error(`Message ${message.messageId} was not stored.`);
    outcomes.set(message, { kind: "stored", ...outcome });
  }
}

async function answerTaken(
  storage: Storage,
  open: NewMessage[],
  outcomes: Map<NewMessage, InsertOutcome>,
): Promise<void> {
  const rows = await storage.query<TakenRow>(FIND_TAKEN, [
    open.map((message) => message.environmentId),
    open.map((message) => message.applicationId),
    open.map((message) => message.messageId),
    open.map((message) => message.eventId),
    open.map((message) => message.idempotency?.keyHash.toString("hex") ?? null),
  ]);
  if (rows.length > 0) await proveDurable(storage);
  const taken = new Map(rows.map((row) => [row.message_id, row]));
  for (const message of open) {
    const row = taken.get(message.messageId);
    if (row !== undefined) outcomes.set(message, takenOutcome(message, row));
  }
}

function takenOutcome(message: NewMessage, row: TakenRow): InsertOutcome {
  if (row.request_hash === null) return { kind: "event_id_taken" };
  const sameRequest = row.request_hash === message.idempotency?.requestHash.toString("hex");
  if (!sameRequest || row.known_id === null) return { kind: "idempotency_mismatch" };
  return { kind: "replayed", messageId: row.known_id, createdAt: row.known_at ?? 0 };
}
