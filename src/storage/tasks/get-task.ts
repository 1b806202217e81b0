/** One background task of an environment. */
import { statement, type Storage } from "../storage.ts";
import { type Task, TASK_COLUMNS, type TaskRow, toTask } from "./task.ts";

export interface TaskKey {
  environmentId: string;
  taskId: string;
}

const GET = statement(
  "get-task",
  `SELECT ${TASK_COLUMNS} FROM background_task t WHERE environment_id = $1 AND task_id = $2`,
);

export async function getTask(storage: Storage, key: TaskKey): Promise<Task | undefined> {
  const [row] = await storage.query<TaskRow>(GET, [key.environmentId, key.taskId]);
  return row === undefined ? undefined : toTask(row);
}
