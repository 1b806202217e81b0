/** Writes a background task down: from then on it is done, whatever process dies. */
import type { UnixMs } from "../../core/types.ts";
import { type Queries, statement, type Storage } from "../storage.ts";
import { type Task, TASK_COLUMNS, type TaskRow, toTask } from "./task.ts";

export type NewTask = Pick<
  Task,
  | "environmentId"
  | "taskId"
  | "kind"
  | "applicationId"
  | "endpointId"
  | "bucket"
  | "filter"
  | "startPosition"
  | "endPosition"
>;

const CREATE = statement(
  "create-task",
  `INSERT INTO background_task AS t (environment_id, task_id, kind, application_id, endpoint_id,
     bucket, filter, start_position, position, end_position, created_at, updated_at)
   SELECT $1, $2, $3, $4, $5, $6, $7, $8, $8, $9, at, at
   FROM date_trunc('milliseconds', coalesce(to_timestamp($10::float8 / 1000), now())) AS at
   RETURNING ${TASK_COLUMNS}`,
);

export function createTask(storage: Storage, task: NewTask): Promise<Task> {
  return insertTask(storage, task, storage.now());
}

/** Within the transaction of what it is for. */
export async function insertTask(
  queries: Queries,
  task: NewTask,
  now: UnixMs | null,
): Promise<Task> {
  const [row] = await queries.query<TaskRow>(CREATE, [
    task.environmentId,
    task.taskId,
    task.kind,
    task.applicationId,
    task.endpointId,
    task.bucket,
    JSON.stringify(task.filter),
    task.startPosition,
    task.endPosition,
    now,
  ]);
  if (row === undefined) throw new Error("The new task was not returned.");
  return toTask(row);
}
