/** Deletes an endpoint: what it is owed is dropped by the engine, its history stays, its uid is free. */
import { tellOfEndpoint, type Telling } from "../operational/publish-endpoint-event.ts";
import { statement, type Storage } from "../storage.ts";
import type { EndpointKey } from "./endpoint.ts";

const DELETE = statement(
  "delete-endpoint",
  `UPDATE endpoint
   SET deleted_at = coalesce(to_timestamp($3::float8 / 1000), now()), revision = revision + 1
   WHERE application_id = $1 AND endpoint_id = $2 AND deleted_at IS NULL
   RETURNING endpoint_id`,
);

/** @returns whether there was one */
export async function deleteEndpoint(
  storage: Storage,
  key: EndpointKey,
  telling?: Telling,
): Promise<boolean> {
  const values = [key.applicationId, key.endpointId, storage.now()];
  return await storage.transaction(async (queries) => {
    if ((await queries.query(DELETE, values)).length === 0) return false;
    const told = { ...key, ...telling, types: ["endpoint.deleted" as const] };
    await tellOfEndpoint(queries, { ...told, now: storage.now() });
    return true;
  });
}
