/** Forgets background tasks that ended long ago. Few rows: tasks are asked for by hand. */
import type { UnixMs } from "../../core/types.ts";
import { statement, type Storage } from "../storage.ts";

const PRUNE = statement(
  "prune-tasks",
  `DELETE FROM background_task
   WHERE status <> 'running' AND updated_at < to_timestamp($1::float8 / 1000)`,
);

export async function pruneTasks(storage: Storage, before: UnixMs): Promise<void> {
  await storage.query(PRUNE, [before]);
}
