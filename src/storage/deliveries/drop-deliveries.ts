/** Forgets what is still owed to an endpoint that was deleted, a bounded number of rows at a time. */
import { statement, type Storage } from "../storage.ts";

const ROWS_MAX = 5_000;

const DROP = statement(
  "drop-deliveries",
  `DELETE FROM delivery WHERE (application_id, endpoint_id, message_id, trigger) IN (
     SELECT application_id, endpoint_id, message_id, trigger FROM delivery
     WHERE application_id = $1 AND endpoint_id = $2 LIMIT $3)
   RETURNING bucket`,
);

/** @returns whether rows may be left */
export async function dropDeliveries(
  storage: Storage,
  endpoint: { applicationId: string; endpointId: string },
): Promise<boolean> {
  const { applicationId, endpointId } = endpoint;
  const rows = await storage.query(DROP, [applicationId, endpointId, ROWS_MAX]);
  return rows.length === ROWS_MAX;
}
