/** Tells that a background task has ended. */
import { STORE_AND_FAN_OUT } from "../messages/store-and-fan-out.ts";
import { statement, type Storage } from "../storage.ts";
import { SOMEONE_LISTENS, TELL_OWNERS } from "./operational-event.ts";

const PUBLISH = statement(
  "publish-task-event",
  `WITH accepted AS (
    SELECT NULL::int AS number, v.operational_application_id AS application_id, $2::text AS message_id,
      NULL::text AS event_id, 'background_task.finished' AS event_type, NULL::text[] AS channels,
      NULL::text[] AS tags, $3::bytea AS payload,
      date_trunc('milliseconds', coalesce(to_timestamp($4::float8 / 1000), now())) AS created_at,
      NULL::timestamptz AS deliver_at, NULL::timestamptz AS payload_expires_at
    FROM environment v WHERE v.environment_id = $1 AND ${SOMEONE_LISTENS}
  ), ${STORE_AND_FAN_OUT}
  ${TELL_OWNERS}`,
);

export async function publishTaskEvent(
  storage: Storage,
  event: { environmentId: string; eventId: string; payload: Buffer },
): Promise<void> {
  const { environmentId, eventId, payload } = event;
  await storage.query(PUBLISH, [environmentId, eventId, payload, storage.now()]);
}
