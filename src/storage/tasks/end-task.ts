/** Ends a background task before its walk is over: canceled by a caller, or failed. What it did stays. */
import { statement, type Storage } from "../storage.ts";
import type { TaskKey } from "./get-task.ts";
import { type Task, TASK_COLUMNS, type TaskRow, toTask } from "./task.ts";

const END = statement(
  "end-task",
  `UPDATE background_task t SET status = $3, failure = $4,
     updated_at = date_trunc('milliseconds', coalesce(to_timestamp($5::float8 / 1000), now()))
   WHERE environment_id = $1 AND task_id = $2 AND status = 'running'
   RETURNING ${TASK_COLUMNS}`,
);

/** @returns undefined when it was not running */
export async function endTask(
  storage: Storage,
  key: TaskKey,
  end: { status: "canceled" | "failed"; failure: string | null },
): Promise<Task | undefined> {
  const { environmentId, taskId } = key;
  const values = [environmentId, taskId, end.status, end.failure, storage.now()];
  const [row] = await storage.query<TaskRow>(END, values);
  return row === undefined ? undefined : toTask(row);
}
