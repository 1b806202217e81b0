/** Deletes an application with its endpoints: nothing more is delivered, and its uid is free again. */
import { statement, type Storage } from "../storage.ts";

const DELETE = statement(
  "delete-application",
  `WITH gone AS (
     UPDATE application
     SET deleted_at = coalesce(to_timestamp($3::float8 / 1000), now())
     WHERE environment_id = $1 AND application_id = $2 AND deleted_at IS NULL
     RETURNING application_id
   ),
   endpoints AS (
     UPDATE endpoint e
     SET deleted_at = coalesce(to_timestamp($3::float8 / 1000), now()), revision = revision + 1
     FROM gone WHERE e.application_id = gone.application_id AND e.deleted_at IS NULL
     RETURNING e.endpoint_id
   )
   SELECT gone.application_id, endpoints.endpoint_id FROM gone LEFT JOIN endpoints ON true`,
);

/** @returns ids of the endpoints that went with it; undefined when there was no such application */
export async function deleteApplication(
  storage: Storage,
  key: { environmentId: string; applicationId: string },
): Promise<string[] | undefined> {
  const rows = await storage.query<{ endpoint_id: string | null }>(DELETE, [
    key.environmentId,
    key.applicationId,
    storage.now(),
  ]);
  if (rows.length === 0) return undefined;
  return rows.flatMap((row) => (row.endpoint_id === null ? [] : [row.endpoint_id]));
}
