/**
 * Ends actions: terminal state, journal, last known device state, message and deliveries commit in
 * one statement, many actions at a time. The state is compared and set, so an action ends once and
 * makes one message, whoever else tries, and however late; and only the present owner of the device's
 * bucket may end it, or a paused one could report what its successor has long changed.
 */
import { STORE_AND_FAN_OUT, type OwedDelivery } from "../messages/insert-messages.ts";
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
  | { kind: "settled"; applicationId: string; createdAt: UnixMs; owed: OwedDelivery[] }
  /** The action had ended already, or the device has another owner; this changed nothing. */
  | { kind: "late" };

// The state to end is a parameter, so that the planner takes the primary key. It knows the partial indexes of
// open actions as short, and read them whole for each action: half of the statement with 60 open ones.
// The rows of `accepted` and of `fan_out` are put together here rather than joined: the planner takes
// both for one row each, and a nested loop of 500 by 500 took 260 of the statement's 290 ms.
const SETTLE = statement(
  "settle-actions",
  `WITH settlement AS (
    SELECT s.* FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
      $9::text[], $10::float8[], $11::smallint[], $12::text[], $13::text[], $14::float8[],
      $15::text[], $16::text[], $17::int[], $18::int[], $19::smallint[], $20::bigint[])
      AS s(environment_id, action_id, device_id, state, result_message, error_code, error_message,
        settled_at, dispatch_number, outcome, device_state, observed_at,
        message_id, event_type, payload_start, payload_bytes, bucket, epoch)
    JOIN bucket_lease l ON l.kind = 'device' AND l.bucket = s.bucket AND l.epoch = s.epoch
  ),
  ended AS (
    UPDATE action a SET state = s.state, result_message = s.result_message,
      error_code = s.error_code, error_message = s.error_message,
      updated_at = to_timestamp(s.settled_at / 1000),
      completed_at = CASE WHEN s.state = 'completed' THEN to_timestamp(s.settled_at / 1000) END
    FROM settlement s
    WHERE a.environment_id = s.environment_id AND a.action_id = s.action_id
      AND a.bucket = s.bucket AND a.state = $21
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
    SELECT v.default_application_id AS application_id, e.message_id, NULL::text AS event_id,
      e.event_type, NULL::text[] AS channels, NULL::text[] AS tags,
      substring($1::bytea FROM e.payload_start + 1 FOR e.payload_bytes) AS payload,
      date_trunc('milliseconds', coalesce(to_timestamp($2::float8 / 1000), now())) AS created_at,
      NULL::timestamptz AS deliver_at, NULL::timestamptz AS payload_expires_at
    FROM ended e JOIN environment v USING (environment_id)
  ), ${STORE_AND_FAN_OUT}
  SELECT message_id, application_id, created_at, NULL::text AS endpoint_id,
    NULL::smallint AS bucket, NULL::bigint AS revision FROM accepted
  UNION ALL
  SELECT message_id, NULL, NULL, endpoint_id, bucket, revision FROM fan_out`,
);

/** A settled action's message, or one of its deliveries. */
type SettledRow =
  | { message_id: string; application_id: string; created_at: UnixMs; endpoint_id: null }
  | { message_id: string; endpoint_id: string; bucket: number; revision: number };

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
  const rows = await storage.query<SettledRow>(SETTLE, [
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
  return outcomesOf(settlements, rows);
}

function outcomesOf(settlements: Settlement[], rows: SettledRow[]): SettleOutcome[] {
  const settled = new Map<string, Extract<SettleOutcome, { kind: "settled" }>>();
  // Messages come before their deliveries.
  for (const row of rows) {
    const { message_id: messageId, endpoint_id: endpointId } = row;
    if (endpointId === null) {
      const { application_id: applicationId, created_at: createdAt } = row;
      settled.set(messageId, { kind: "settled", applicationId, createdAt, owed: [] });
    } else {
      const { bucket, revision } = row;
      settled.get(messageId)?.owed.push({ messageId, endpointId, bucket, revision });
    }
  }
  return settlements.map(({ messageId }) => settled.get(messageId) ?? { kind: "late" });
}
