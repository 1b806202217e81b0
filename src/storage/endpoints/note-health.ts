/** The clock of the five-day rule, and disabling an endpoint because of what its receiver answered. */
import type { DisableReason } from "../../core/attempt-outcome.ts";
import type { UnixMs } from "../../core/types.ts";
import { eventCtes, TELL_OWNERS } from "../operational/operational-event.ts";
import { statement, type Storage } from "../storage.ts";

export interface HealthChange {
  applicationId: string;
  endpointId: string;
  /** First failure after the last success; null: it succeeded again. */
  failingSince: UnixMs | null;
}

// Written only when health turns, not per attempt.
const NOTE = statement(
  "note-endpoint-health",
  `UPDATE endpoint e SET failing_since = to_timestamp(h.failing_since / 1000)
   FROM unnest($1::text[], $2::text[], $3::float8[]) AS h(application_id, endpoint_id, failing_since)
   WHERE e.application_id = h.application_id AND e.endpoint_id = h.endpoint_id
     AND (e.failing_since IS NULL) <> (h.failing_since IS NULL)`,
);

export async function noteEndpointHealth(storage: Storage, changes: HealthChange[]): Promise<void> {
  await storage.query(NOTE, [
    changes.map((change) => change.applicationId),
    changes.map((change) => change.endpointId),
    changes.map((change) => change.failingSince),
  ]);
}

// The operational event commits with it.
const DISABLE = statement(
  "disable-endpoint",
  `WITH gone AS (
    UPDATE endpoint SET disabled = true, disabled_reason = $3, revision = revision + 1,
      updated_at = coalesce(to_timestamp($4::float8 / 1000), now()),
      disabled_at = coalesce(to_timestamp($4::float8 / 1000), now())
    WHERE application_id = $1 AND endpoint_id = $2 AND NOT disabled AND deleted_at IS NULL
    RETURNING application_id, endpoint_id
  ),
  event AS (
    SELECT $5::text AS message_id, 'endpoint.disabled' AS event_type, application_id, endpoint_id,
      NULL::text AS about, '{"trigger": "automatic"}' AS extra
    FROM gone
  ),
  ${eventCtes({ where: "true", now: "$4" })}
  SELECT endpoint_id, (${TELL_OWNERS}) AS told FROM gone`,
);

/** @param eventId of the operational event; @returns whether it was enabled until now */
export async function disableEndpoint(
  storage: Storage,
  endpoint: { applicationId: string; endpointId: string; reason: DisableReason },
  eventId: string,
): Promise<boolean> {
  const { applicationId, endpointId, reason } = endpoint;
  const values = [applicationId, endpointId, reason, storage.now(), eventId];
  return (await storage.query(DISABLE, values)).length > 0;
}
