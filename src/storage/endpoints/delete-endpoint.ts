/** Deletes an endpoint: what it is owed is dropped by the engine, its history stays, its uid is free. */
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
export async function deleteEndpoint(storage: Storage, key: EndpointKey): Promise<boolean> {
  const values = [key.applicationId, key.endpointId, storage.now()];
  return (await storage.query(DELETE, values)).length > 0;
}
