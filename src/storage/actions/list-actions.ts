/** Pages of actions, newest first. */
import type { ActionState } from "../../core/action.ts";
import { firstIdAt } from "../../core/ids.ts";
import type { UnixMs } from "../../core/types.ts";
import { statement, type Storage } from "../storage.ts";
import { type Action, actionFromRow, type ActionRow } from "./action.ts";

export interface ActionFilter {
  state: ActionState | null;
  deviceType: string | null;
  userId: string | null;
  /** Made at that time or later; ids are by time, to 4 ms. */
  after: UnixMs | null;
  /** Made before that time. */
  before: UnixMs | null;
}

export interface ActionPage {
  environmentId: string;
  filter: ActionFilter;
  offset: number;
  limit: number;
}

const LIST = statement(
  "list-actions",
  `SELECT * FROM action
   WHERE environment_id = $1 AND ($2::text IS NULL OR state = $2)
     AND ($3::text IS NULL OR device_type = $3) AND ($4::text IS NULL OR user_id = $4)
     AND action_id >= $7 AND action_id < $8
   ORDER BY action_id DESC OFFSET $5 LIMIT $6`,
);

const COUNT = statement(
  "count-actions",
  `SELECT count(*)::int AS total FROM (
     SELECT 1 FROM action
     WHERE environment_id = $1 AND ($2::text IS NULL OR state = $2)
       AND ($3::text IS NULL OR device_type = $3) AND ($4::text IS NULL OR user_id = $4)
       AND action_id >= $6 AND action_id < $7
     LIMIT $5) AS counted`,
);

// A statement of its own: only so it surely reads the index of the device.
const LIST_OF_DEVICE = statement(
  "list-device-actions",
  `SELECT * FROM action
   WHERE environment_id = $1 AND device_id = $2 AND ($3::text IS NULL OR state = $3)
     AND ($4::text IS NULL OR device_type = $4) AND ($5::text IS NULL OR user_id = $5)
     AND action_id >= $8 AND action_id < $9
   ORDER BY action_id DESC OFFSET $6 LIMIT $7`,
);

const COUNT_OF_DEVICE = statement(
  "count-device-actions",
  `SELECT count(*)::int AS total FROM (
     SELECT 1 FROM action
     WHERE environment_id = $1 AND device_id = $2 AND ($3::text IS NULL OR state = $3)
       AND ($4::text IS NULL OR device_type = $4) AND ($5::text IS NULL OR user_id = $5)
       AND action_id >= $7 AND action_id < $8
     LIMIT $6) AS counted`,
);

const LATEST = statement(
  "list-latest-actions",
  `SELECT a.* FROM unnest($2::text[]) AS d(device_id)
   CROSS JOIN LATERAL (
     SELECT * FROM action WHERE environment_id = $1 AND device_id = d.device_id
     ORDER BY action_id DESC LIMIT 1) AS a`,
);

/** After every id: digits and letters sort before it. */
const LAST = "act_~";

/** The lowest id that counts, and the first that no longer does. */
function idsOf({ after, before }: ActionFilter): [string, string] {
  return [
    after === null ? "act_" : firstIdAt("act_", after),
    before === null ? LAST : firstIdAt("act_", before),
  ];
}

/** @param deviceId null: of all devices */
export async function listActions(
  storage: Storage,
  deviceId: string | null,
  page: ActionPage,
): Promise<Action[]> {
  const { environmentId, offset, limit } = page;
  const { state, deviceType, userId } = page.filter;
  const rows =
    deviceId === null
      ? await storage.query<ActionRow>(LIST, [
          environmentId,
          state,
          deviceType,
          userId,
          offset,
          limit,
          ...idsOf(page.filter),
        ])
      : await storage.query<ActionRow>(LIST_OF_DEVICE, [
          environmentId,
          deviceId,
          state,
          deviceType,
          userId,
          offset,
          limit,
          ...idsOf(page.filter),
        ]);
  return rows.map(actionFromRow);
}

/** Counts up to `countMax`, so that a count never costs more than that. */
export async function countActions(
  storage: Storage,
  deviceId: string | null,
  counted: Pick<ActionPage, "environmentId" | "filter"> & { countMax: number },
): Promise<number> {
  const { environmentId, countMax } = counted;
  const { state, deviceType, userId } = counted.filter;
  const [row] =
    deviceId === null
      ? await storage.query<{ total: number }>(COUNT, [
          environmentId,
          state,
          deviceType,
          userId,
          countMax,
          ...idsOf(counted.filter),
        ])
      : await storage.query<{ total: number }>(COUNT_OF_DEVICE, [
          environmentId,
          deviceId,
          state,
          deviceType,
          userId,
          countMax,
          ...idsOf(counted.filter),
        ]);
  return row?.total ?? 0;
}

/** The newest action of each device that has one. */
export async function listLatestActions(
  storage: Storage,
  environmentId: string,
  deviceIds: string[],
): Promise<Map<string, Action>> {
  const rows = await storage.query<ActionRow>(LATEST, [environmentId, deviceIds]);
  return new Map(rows.map((row) => [row.device_id, actionFromRow(row)]));
}
