/** The hidden application whose endpoints are the environment's operational webhooks. */
import { statement, type Storage } from "../storage.ts";

const FIND = statement(
  "find-operational-application",
  `SELECT operational_application_id AS application_id FROM environment
   WHERE environment_id = $1 AND operational_application_id IS NOT NULL`,
);

export async function findOperationalApplication(
  storage: Storage,
  environmentId: string,
): Promise<string | undefined> {
  const [row] = await storage.query<{ application_id: string }>(FIND, [environmentId]);
  return row?.application_id;
}
