/** How endpoints stand now: since when they fail, and what waits for them, counted up to a bound. */
import type { UnixMs } from "../../core/types.ts";
import { timeOfId } from "../../core/ids.ts";
import { statement, type Storage } from "../storage.ts";
import { directedStatement, inDirection, type KeyRange } from "../key-range.ts";
import { UNCOUNTED_MAX } from "./read-statistics.ts";

/** Where counting what waits for one endpoint ends. */
export const WAITING_COUNTED_MAX = 1_000;

const STANDING = `SELECT e.endpoint_id, e.disabled, e.failing_since, owed.waiting, owed.oldest,
    EXISTS (SELECT 1 FROM attempt a
      WHERE a.application_id = $1 AND a.endpoint_id = e.endpoint_id
        AND a.attempt_id > coalesce(p.counted_to, '')
      OFFSET ${UNCOUNTED_MAX}) AS behind
  FROM endpoint e
  LEFT JOIN attempt_count_position p
    ON p.application_id = $1 AND p.endpoint_id = e.endpoint_id
  CROSS JOIN LATERAL (
    SELECT count(*)::int AS waiting, min(message_id) AS oldest FROM (
      SELECT message_id FROM delivery d
      WHERE d.application_id = $1 AND d.endpoint_id = e.endpoint_id
      ORDER BY message_id LIMIT ${WAITING_COUNTED_MAX + 1}) counted
  ) owed`;

const OF_ONE = statement(
  "read-standing",
  `${STANDING} WHERE e.application_id = $1 AND e.endpoint_id = $2`,
);
const LIST = directedStatement(
  "list-standings",
  (direction) =>
    `${STANDING}
     WHERE e.application_id = $1 AND e.endpoint_id > $2 AND e.endpoint_id < $3
       AND e.deleted_at IS NULL
     ORDER BY e.endpoint_id ${direction} LIMIT $4`,
);

export interface Standing {
  endpointId: string;
  disabled: boolean;
  failingSince: UnixMs | null;
  /** One more than is counted means: and more. */
  waiting: number;
  oldestWaitingAt: UnixMs | null;
  /** So many attempts are not counted yet that sums of them are incomplete. */
  behind: boolean;
}

interface StandingRow {
  [column: string]: unknown;
  endpoint_id: string;
  disabled: boolean;
  failing_since: UnixMs | null;
  waiting: number;
  oldest: string | null;
  behind: boolean;
}

function toStanding(row: StandingRow): Standing {
  return {
    endpointId: row.endpoint_id,
    disabled: row.disabled,
    failingSince: row.failing_since,
    waiting: row.waiting,
    oldestWaitingAt: row.oldest === null ? null : (timeOfId(row.oldest) ?? null),
    behind: row.behind,
  };
}

export async function readStanding(
  storage: Storage,
  { applicationId, endpointId }: { applicationId: string; endpointId: string },
): Promise<Standing | undefined> {
  const [row] = await storage.query<StandingRow>(OF_ONE, [applicationId, endpointId]);
  return row === undefined ? undefined : toStanding(row);
}

export async function listStandings(
  storage: Storage,
  applicationId: string,
  range: KeyRange,
): Promise<Standing[]> {
  const rows = await storage.query<StandingRow>(inDirection(LIST, range), [
    applicationId,
    range.lower,
    range.upper,
    range.limit,
  ]);
  return rows.map(toStanding);
}
