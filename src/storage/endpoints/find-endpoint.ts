/** Finds a live endpoint by its id or uid. A uid never starts like an id, so one text names one. */
import { statement, type Storage } from "../storage.ts";
import { type Endpoint, ENDPOINT_COLUMNS, type EndpointRow, toEndpoint } from "./endpoint.ts";

const BY_ID = statement(
  "find-endpoint-by-id",
  `SELECT ${ENDPOINT_COLUMNS} FROM endpoint e
   WHERE application_id = $1 AND endpoint_id = $2 AND deleted_at IS NULL`,
);
const BY_UID = statement(
  "find-endpoint-by-uid",
  `SELECT ${ENDPOINT_COLUMNS} FROM endpoint e
   WHERE application_id = $1 AND uid = $2 AND deleted_at IS NULL`,
);

export async function findEndpoint(
  storage: Storage,
  applicationId: string,
  idOrUid: string,
): Promise<Endpoint | undefined> {
  const find = idOrUid.startsWith("ep_") ? BY_ID : BY_UID;
  const [row] = await storage.query<EndpointRow>(find, [applicationId, idOrUid]);
  return row === undefined ? undefined : toEndpoint(row);
}
