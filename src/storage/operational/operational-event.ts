/**
 * Operational webhooks: what happens to endpoints and attempts, told to the endpoints of the
 * environment's hidden application like any other message (`svix-api.md` §10). Nothing is stored while
 * that application has no enabled endpoint, and its own endpoints and attempts are never told of.
 */
import { STORE_AND_FAN_OUT } from "../messages/store-and-fan-out.ts";

/**
 * CTEs that store and fan out the rows of a preceding CTE `event` (message_id, event_type,
 * application_id, endpoint_id, about: a message's id, extra: JSON text of more members of `data`).
 * `where` narrows what is looked at; now is the parameter of the time. `TELL_OWNERS` ends it.
 */
export function eventCtes({ where, now }: { where: string; now: string }): string {
  return `accepted AS (
    SELECT NULL::int AS number, v.operational_application_id AS application_id, t.message_id, NULL::text AS event_id,
      t.event_type, NULL::text[] AS channels, NULL::text[] AS tags,
      convert_to(json_build_object('type', t.event_type, 'data', jsonb_strip_nulls(
        jsonb_build_object('appId', p.application_id, 'appUid', a.uid, 'endpointId', p.endpoint_id,
          'endpointUid', p.uid, 'msgId', t.about, 'msgEventId', m.event_id,
          'failSince', CASE WHEN t.event_type = 'endpoint.disabled'
            THEN to_char(coalesce(p.failing_since, at) AT TIME ZONE 'UTC',
              'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') END)
        || t.extra::jsonb))::text, 'UTF8') AS payload,
      at AS created_at, NULL::timestamptz AS deliver_at, NULL::timestamptz AS payload_expires_at
    FROM event t
    CROSS JOIN date_trunc('milliseconds', coalesce(to_timestamp(${now}::float8 / 1000), now())) AS at
    JOIN endpoint p ON p.application_id = t.application_id AND p.endpoint_id = t.endpoint_id
    JOIN environment v ON v.environment_id = p.environment_id
    JOIN application a ON a.environment_id = p.environment_id
      AND a.application_id = p.application_id AND NOT a.hidden
    LEFT JOIN message m ON m.application_id = t.application_id AND m.message_id = t.about
    WHERE ${where} AND ${SOMEONE_LISTENS}
  ), ${STORE_AND_FAN_OUT}`;
}

export const SOMEONE_LISTENS = `EXISTS (SELECT 1 FROM endpoint o
  WHERE o.application_id = v.operational_application_id AND NOT o.disabled AND o.deleted_at IS NULL)`;

/** Owners of the deliveries' buckets hear of them with the commit. */
export const TELL_OWNERS = `SELECT pg_notify('amps_due', string_agg(DISTINCT bucket::text, ','))
  FROM fan_out HAVING count(*) > 0`;
