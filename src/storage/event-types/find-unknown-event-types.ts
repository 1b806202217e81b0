/** Which of some names are no live event types: an endpoint may only ask for ones that exist. */
import { statement, type Storage } from "../storage.ts";

const FIND = statement(
  "find-unknown-event-types",
  `SELECT wanted.name FROM unnest($2::text[]) AS wanted(name)
   WHERE NOT EXISTS (
     SELECT 1 FROM event_type t
     WHERE t.environment_id = $1 AND t.name = wanted.name AND NOT t.archived)`,
);

export async function findUnknownEventTypes(
  storage: Storage,
  environmentId: string,
  names: readonly string[],
): Promise<string[]> {
  const rows = await storage.query<{ name: string }>(FIND, [environmentId, names]);
  return rows.map((row) => row.name);
}
