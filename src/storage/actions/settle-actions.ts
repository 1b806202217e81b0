/**
 * Ends actions: terminal state, journal, last known device state, message and deliveries commit in
 * one statement, many actions at a time. The state is compared and set, so an action ends once and
 * makes one message, whoever else tries, and however late; and only the present owner of the device's
 * bucket may end it, or a paused one could report what its successor has long changed.
 */
import {
  readStored,
  STORE_AND_FAN_OUT,
  type Stored,
  type StoredRow,
  TELL_STORED,
} from "../messages/store-and-fan-out.ts";
import { statement, type Storage } from "../storage.ts";
import type { UnixMs } from "../../core/types.ts";

export interface Settlement {
  environmentId: string;
  actionId: string;
  deviceId: string;
  bucket: number;
  /** Of the ownership under which the action was driven. */
  epoch: number;
  state: "completed" | "failed";
  resultMessage: string | null;
  errorCode: string | null;
  errorMessage: string | null;
  /** The very time that the payload tells. */
  settledAt: UnixMs;
  /** What came of the last dispatch; null when nothing was ever sent. */
  journal: { dispatchNumber: number; outcome: string } | null;
  /** As it was read last: JSON text; null when nothing was read. */
  observed: { state: string; observedAt: UnixMs } | null;
  messageId: string;
  eventType: string;
  payload: Buffer;
}

export type SettleOutcome =
  | ({ kind: "settled" } & Stored)
  /** The action had ended already, or the device has another owner; this changed nothing. */
  | { kind: "late" };

// The state to end is a parameter, and one whose value even a plan for these very values does not know: so the planner
// takes the primary key. It knows the partial indexes of open actions as short, and read them whole for each action:
// half of the statement with 60 open ones.
const SETTLE = statement(
  "settle-actions",
  `WITH settlement AS (
    SELECT s.* FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
      $9::text[], $10::float8[], $11::smallint[], $12::text[], $13::text[], $14::float8[],
      $15::text[], $16::text[], $17::int[], $18::int[], $19::smallint[], $20::bigint[]) WITH ORDINALITY
      AS s(environment_id, action_id, device_id, state, result_message, error_code, error_message,
        settled_at, dispatch_number, outcome, device_state, observed_at,
        message_id, event_type, payload_start, payload_bytes, bucket, epoch, number)
    JOIN bucket_lease l ON l.kind = 'device' AND l.bucket = s.bucket AND l.epoch = s.epoch
  ),
  ended AS (
    UPDATE action a SET state = s.state, result_message = s.result_message,
      error_code = s.error_code, error_message = s.error_message,
      updated_at = to_timestamp(s.settled_at / 1000),
      completed_at = CASE WHEN s.state = 'completed' THEN to_timestamp(s.settled_at / 1000) END
    FROM settlement s
    WHERE a.environment_id = s.environment_id AND a.action_id = s.action_id
      AND a.bucket = s.bucket AND a.state = (SELECT $21)
    RETURNING s.*
  ),
  journalled AS (
    UPDATE dispatch_journal j SET outcome = e.outcome, outcome_at = to_timestamp(e.settled_at / 1000)
    FROM ended e
    WHERE j.environment_id = e.environment_id AND j.action_id = e.action_id
      AND j.dispatch_number = e.dispatch_number
  ),
  observed AS (
    UPDATE device d SET state = e.device_state, observed_at = to_timestamp(e.observed_at / 1000)
    FROM ended e
    WHERE e.device_state IS NOT NULL AND d.environment_id = e.environment_id
      AND d.device_id = e.device_id
  ),
  accepted AS (
    SELECT e.number, v.default_application_id AS application_id, e.message_id, NULL::text AS event_id,
      e.event_type, NULL::text[] AS channels, NULL::text[] AS tags,
      substring($1::bytea FROM e.payload_start + 1 FOR e.payload_bytes) AS payload,
      date_trunc('milliseconds', coalesce(to_timestamp($2::float8 / 1000), now())) AS created_at,
      NULL::timestamptz AS deliver_at, NULL::timestamptz AS payload_expires_at
    FROM ended e JOIN environment v USING (environment_id)
  ), ${STORE_AND_FAN_OUT}
  ${TELL_STORED}`,
);

/** @returns per settlement, in order; each of another action */
export async function settleActions(
  storage: Storage,
  settlements: Settlement[],
): Promise<SettleOutcome[]> {
  const starts: number[] = [];
  let offset = 0;
  for (const { payload } of settlements) {
    starts.push(offset);
    offset += payload.length;
  }
  const rows = await storage.query<StoredRow>(SETTLE, [
    Buffer.concat(settlements.map(({ payload }) => payload)),
    storage.now(),
    settlements.map(({ environmentId }) => environmentId),
    settlements.map(({ actionId }) => actionId),
    settlements.map(({ deviceId }) => deviceId),
    settlements.map(({ state }) => state),
    settlements.map(({ resultMessage }) => resultMessage),
    settlements.map(({ errorCode }) => errorCode),
    settlements.map(({ errorMessage }) => errorMessage),
    settlements.map(({ settledAt }) => settledAt),
    settlements.map(({ journal }) => journal?.dispatchNumber ?? null),
    settlements.map(({ journal }) => journal?.outcome ?? null),
    settlements.map(({ observed }) => observed?.state ?? null),
    settlements.map(({ observed }) => observed?.observedAt ?? null),
    settlements.map(({ messageId }) => messageId),
    settlements.map(({ eventType }) => eventType),
    starts,
    settlements.map(({ payload }) => payload.length),
    settlements.map(({ bucket }) => bucket),
    settlements.map(({ epoch }) => epoch),
    "acknowledged",
  ]);
  const stored = readStored(rows);
  return settlements.map((_, index) => {
    const settled = stored.get(index + 1);
    return settled === undefined ? { kind: "late" } : { kind: "settled", ...settled };
  });
}
