/** A page of an environment's applications by id. */
import { directedStatement, inDirection, type KeyRange } from "../key-range.ts";
import type { Storage } from "../storage.ts";
import {
  type Application,
  APPLICATION_COLUMNS,
  type ApplicationRow,
  toApplication,
} from "./application.ts";

const LIST = directedStatement(
  "list-applications",
  (direction) =>
    `SELECT ${APPLICATION_COLUMNS} FROM application
     WHERE environment_id = $1 AND application_id > $2 AND application_id < $3
       AND deleted_at IS NULL AND NOT hidden
     ORDER BY application_id ${direction} LIMIT $4`,
);

export async function listApplications(
  storage: Storage,
  environmentId: string,
  range: KeyRange,
): Promise<Application[]> {
  const rows = await storage.query<ApplicationRow>(inDirection(LIST, range), [
    environmentId,
    range.lower,
    range.upper,
    range.limit,
  ]);
  return rows.map(toApplication);
}
