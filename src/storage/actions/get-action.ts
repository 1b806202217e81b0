/** One action of an environment. */
import { statement, type Storage } from "../storage.ts";
import { type Action, actionFromRow, type ActionRow } from "./action.ts";

const GET = statement(
  "get-action",
  "SELECT * FROM action WHERE environment_id = $1 AND action_id = $2",
);

export async function getAction(
  storage: Storage,
  environmentId: string,
  actionId: string,
): Promise<Action | undefined> {
  const [row] = await storage.query<ActionRow>(GET, [environmentId, actionId]);
  return row === undefined ? undefined : actionFromRow(row);
}
