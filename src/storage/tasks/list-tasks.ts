/** A page of an environment's background tasks by id, which is by time. */
import { directedStatement, inDirection, type KeyRange } from "../key-range.ts";
import type { Storage } from "../storage.ts";
import {
  type Task,
  TASK_COLUMNS,
  type TaskKind,
  type TaskRow,
  type TaskStatus,
  toTask,
} from "./task.ts";

const LIST = directedStatement(
  "list-tasks",
  (direction) =>
    `SELECT ${TASK_COLUMNS} FROM background_task t
     WHERE environment_id = $1 AND task_id > $2 AND task_id < $3
       AND ($5::text[] IS NULL OR status = ANY ($5)) AND ($6::text IS NULL OR kind = $6)
     ORDER BY task_id ${direction} LIMIT $4`,
);

export async function listTasks(
  storage: Storage,
  list: { environmentId: string; statuses: TaskStatus[] | null; kind: TaskKind | null },
  range: KeyRange,
): Promise<Task[]> {
  const rows = await storage.query<TaskRow>(inDirection(LIST, range), [
    list.environmentId,
    range.lower,
    range.upper,
    range.limit,
    list.statuses,
    list.kind,
  ]);
  return rows.map(toTask);
}
