/** Changes an application: read under lock, changed by the caller's rule, written whole. */
import { sqlState, statement, UNIQUE_VIOLATION, type Storage } from "../storage.ts";
import {
  type Application,
  APPLICATION_COLUMNS,
  type ApplicationFields,
  type ApplicationRow,
  toApplication,
} from "./application.ts";
import type { ApplicationOutcome } from "./create-application.ts";

const LOCK = statement(
  "lock-application",
  `SELECT ${APPLICATION_COLUMNS} FROM application
   WHERE environment_id = $1 AND application_id = $2 AND deleted_at IS NULL FOR UPDATE`,
);
const UPDATE = statement(
  "update-application",
  `UPDATE application SET uid = $3, name = $4, throttle_rate = $5, metadata = $6,
     updated_at = date_trunc('milliseconds', coalesce(to_timestamp($7::float8 / 1000), now()))
   WHERE environment_id = $1 AND application_id = $2
   RETURNING ${APPLICATION_COLUMNS}`,
);

/** @param change may throw a refusal: nothing is written then */
export async function updateApplication(
  storage: Storage,
  key: { environmentId: string; applicationId: string },
  change: (current: Application) => ApplicationFields,
): Promise<ApplicationOutcome | { kind: "missing" }> {
  try {
    return await storage.transaction(async (queries) => {
      const ids = [key.environmentId, key.applicationId];
      const [locked] = await queries.query<ApplicationRow>(LOCK, ids);
      if (locked === undefined) return { kind: "missing" };
      const next = change(toApplication(locked));
      const [row] = await queries.query<ApplicationRow>(UPDATE, [
        ...ids,
        next.uid,
        next.name,
        next.throttleRate,
        next.metadata,
        storage.now(),
      ]);
      if (row === undefined) throw new Error(`The locked ${key.applicationId} was not updated.`);
      return { kind: "done", application: toApplication(row) };
    });
  } catch (error) {
    if (sqlState(error) === UNIQUE_VIOLATION) return { kind: "uid_taken" };
    throw error;
  }
}
