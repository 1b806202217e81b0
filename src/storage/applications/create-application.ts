/** Makes an application, unless its uid is taken. */
import { sqlState, statement, UNIQUE_VIOLATION, type Storage } from "../storage.ts";
import {
  type Application,
  APPLICATION_COLUMNS,
  type ApplicationFields,
  type ApplicationRow,
  toApplication,
} from "./application.ts";

const CREATE = statement(
  "create-application",
  `INSERT INTO application (environment_id, application_id, uid, name, throttle_rate, metadata,
     created_at, updated_at)
   SELECT $1, $2, $3, $4, $5, $6, at, at
   FROM date_trunc('milliseconds', coalesce(to_timestamp($7::float8 / 1000), now())) AS at
   RETURNING ${APPLICATION_COLUMNS}`,
);

export type ApplicationOutcome = { kind: "done"; application: Application } | { kind: "uid_taken" };

export async function createApplication(
  storage: Storage,
  key: { environmentId: string; applicationId: string },
  fields: ApplicationFields,
): Promise<ApplicationOutcome> {
  try {
    const rows = await storage.query<ApplicationRow>(CREATE, [
      key.environmentId,
      key.applicationId,
      fields.uid,
      fields.name,
      fields.throttleRate,
      fields.metadata,
      storage.now(),
    ]);
    const [row] = rows;
    if (row === undefined) throw new Error("The new application was not returned.");
    return { kind: "done", application: toApplication(row) };
  } catch (error) {
    if (sqlState(error) === UNIQUE_VIOLATION) return { kind: "uid_taken" };
    throw error;
  }
}
