/** A page of an application's endpoints by id. */
import { directedStatement, inDirection, type KeyRange } from "../key-range.ts";
import type { Storage } from "../storage.ts";
import { type Endpoint, ENDPOINT_COLUMNS, type EndpointRow, toEndpoint } from "./endpoint.ts";

const LIST = directedStatement(
  "list-endpoints",
  (direction) =>
    `SELECT ${ENDPOINT_COLUMNS} FROM endpoint e
     WHERE application_id = $1 AND endpoint_id > $2 AND endpoint_id < $3 AND deleted_at IS NULL
     ORDER BY endpoint_id ${direction} LIMIT $4`,
);

export async function listEndpoints(
  storage: Storage,
  applicationId: string,
  range: KeyRange,
): Promise<Endpoint[]> {
  const rows = await storage.query<EndpointRow>(inDirection(LIST, range), [
    applicationId,
    range.lower,
    range.upper,
    range.limit,
  ]);
  return rows.map(toEndpoint);
}
