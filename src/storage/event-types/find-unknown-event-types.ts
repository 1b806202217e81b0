/** Which of some names are no live event types that the caller sees: an endpoint may only ask for those. */
import { statement, type Storage } from "../storage.ts";

const FIND = statement(
  "find-unknown-event-types",
  `SELECT wanted.name FROM unnest($2::text[]) AS wanted(name)
   WHERE NOT EXISTS (
     SELECT 1 FROM event_type t
     WHERE t.environment_id = $1 AND t.name = wanted.name AND NOT t.archived
       AND ($3::text[] IS NULL OR t.feature_flags IS NULL OR t.feature_flags <@ $3))`,
);

export async function findUnknownEventTypes(
  storage: Storage,
  environmentId: string,
  names: readonly string[],
  featureFlags: readonly string[] | null = null,
): Promise<string[]> {
  const rows = await storage.query<{ name: string }>(FIND, [environmentId, names, featureFlags]);
  return rows.map((row) => row.name);
}
