/** Finds an environment by its id, or by what it is called in a token: `org_sandbox`, `org_live`. */
import type { EnvironmentMode } from "../../core/types.ts";
import { statement, type Storage } from "../storage.ts";

export interface Environment {
  environmentId: string;
  mode: EnvironmentMode;
  defaultApplicationId: string;
}

const FIND = statement(
  "find-environment-of-token",
  `SELECT environment_id, mode, default_application_id FROM environment
   WHERE environment_id = $1 OR 'org_' || mode = $1`,
);

interface EnvironmentRow {
  [column: string]: unknown;
  environment_id: string;
  mode: EnvironmentMode;
  default_application_id: string;
}

export async function findEnvironment(
  storage: Storage,
  idOrName: string,
): Promise<Environment | undefined> {
  const [row] = await storage.query<EnvironmentRow>(FIND, [idOrName]);
  if (row === undefined) return undefined;
  const { environment_id: environmentId, default_application_id: defaultApplicationId } = row;
  return { environmentId, mode: row.mode, defaultApplicationId };
}
