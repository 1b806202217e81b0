/** Finds a live application by its id or uid. A uid never starts like an id, so one text names one. */
import { statement, type Storage } from "../storage.ts";
import {
  type Application,
  APPLICATION_COLUMNS,
  type ApplicationRow,
  toApplication,
} from "./application.ts";

const BY_ID = statement(
  "find-application-by-id",
  `SELECT ${APPLICATION_COLUMNS} FROM application
   WHERE environment_id = $1 AND application_id = $2 AND deleted_at IS NULL AND NOT hidden`,
);
const BY_UID = statement(
  "find-application-by-uid",
  `SELECT ${APPLICATION_COLUMNS} FROM application
   WHERE environment_id = $1 AND uid = $2 AND deleted_at IS NULL AND NOT hidden`,
);

export async function findApplication(
  storage: Storage,
  environmentId: string,
  idOrUid: string,
): Promise<Application | undefined> {
  const find = idOrUid.startsWith("app_") ? BY_ID : BY_UID;
  const [row] = await storage.query<ApplicationRow>(find, [environmentId, idOrUid]);
  return row === undefined ? undefined : toApplication(row);
}
