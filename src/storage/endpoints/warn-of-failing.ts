/**
 * Warns of endpoints that have been failing for long, each warning once in a failing period, whichever node
 * looks and however often: that it was given is written down by the transaction that tells of it.
 */
import { disablesAt, WARNINGS_MS, warningsDue } from "../../core/failing.ts";
import type { UnixMs } from "../../core/types.ts";
import { publishAttemptEvents } from "../operational/publish-attempt-events.ts";
import { statement, type Storage } from "../storage.ts";

/** Endpoints warned of at once. */
const ENDPOINTS_MAX = 200;

// The last warning that is due counts. One given in an earlier failing period is older than this one's, so that
// nothing has to be forgotten when an endpoint succeeds.
const WARN = statement(
  "warn-of-failing-endpoints",
  `WITH moment AS (
     SELECT coalesce(to_timestamp($1::float8 / 1000), now()) AS at
   ),
   due AS (
     SELECT e.application_id, e.endpoint_id FROM endpoint e
     WHERE e.failing_since <= (SELECT at - $2::float8 * interval '1 millisecond' FROM moment)
       AND NOT e.disabled AND e.deleted_at IS NULL
       AND (e.warned_at IS NULL OR e.warned_at < e.failing_since + (
         SELECT max(after_ms) * interval '1 millisecond' FROM unnest($3::float8[]) AS after_ms, moment
         WHERE e.failing_since + after_ms * interval '1 millisecond' <= moment.at))
     ORDER BY e.failing_since LIMIT $4 FOR UPDATE SKIP LOCKED
   )
   UPDATE endpoint e SET warned_at = moment.at FROM due, moment
   WHERE e.application_id = due.application_id AND e.endpoint_id = due.endpoint_id
   RETURNING e.application_id, e.endpoint_id, e.failing_since, e.warned_at`,
);

interface WarnedRow {
  [column: string]: unknown;
  application_id: string;
  endpoint_id: string;
  failing_since: UnixMs;
  warned_at: UnixMs;
}

export interface Warned {
  applicationId: string;
  endpointId: string;
  failingSince: UnixMs;
  disablesAt: UnixMs;
}

const iso = (at: UnixMs): string => new Date(at).toISOString();

/** @returns those warned of, oldest first; as many as `endpointsMax`: there may be more */
export async function warnOfFailing(
  storage: Storage,
  makeEventId: () => string,
  endpointsMax = ENDPOINTS_MAX,
): Promise<{ warned: Warned[]; more: boolean }> {
  const now = storage.now();
  return await storage.transaction(async (queries) => {
    const [first = 0] = WARNINGS_MS;
    const rows = await queries.query<WarnedRow>(WARN, [now, first, WARNINGS_MS, endpointsMax]);
    const events = rows.map((row) => ({
      eventId: makeEventId(),
      type: "endpoint.failing" as const,
      applicationId: row.application_id,
      endpointId: row.endpoint_id,
      messageId: null,
      extra: {
        failSince: iso(row.failing_since),
        disablesAt: iso(disablesAt(row.failing_since)),
        warning: warningsDue(row.failing_since, row.warned_at),
        warnings: WARNINGS_MS.length,
      },
    }));
    if (events.length > 0) await publishAttemptEvents(queries, events, now);
    const warned = rows.map((row) => ({
      applicationId: row.application_id,
      endpointId: row.endpoint_id,
      failingSince: row.failing_since,
      disablesAt: disablesAt(row.failing_since),
    }));
    return { warned, more: rows.length === endpointsMax };
  });
}
