/**
 * Enables an endpoint, and with it the tasks that send what it missed, in one commit. One that is enabled already
 * stays as it is, with whatever tasks still send: who asks twice gets the same answer twice.
 */
import { bucketOf } from "../../core/bucket.ts";
import { tellOfEndpoint, type Telling } from "../operational/publish-endpoint-event.ts";
import { type Queries, statement, type Storage } from "../storage.ts";
import { insertTask, type NewTask } from "../tasks/create-task.ts";
import { type Task, TASK_COLUMNS, type TaskRow, toTask } from "../tasks/task.ts";
import {
  type Endpoint,
  ENDPOINT_COLUMNS,
  type EndpointKey,
  type EndpointRow,
  toEndpoint,
} from "./endpoint.ts";

const LOCK = statement(
  "lock-endpoint-to-enable",
  `SELECT ${ENDPOINT_COLUMNS} FROM endpoint e
   WHERE application_id = $1 AND endpoint_id = $2 AND deleted_at IS NULL FOR UPDATE`,
);
const ENABLE = statement(
  "enable-endpoint",
  `UPDATE endpoint e SET disabled = false, disabled_reason = NULL, disabled_at = NULL,
     failing_since = NULL, revision = e.revision + 1,
     updated_at = date_trunc('milliseconds', coalesce(to_timestamp($3::float8 / 1000), now()))
   WHERE application_id = $1 AND endpoint_id = $2
   RETURNING ${ENDPOINT_COLUMNS}`,
);
const FIND_TASKS = statement(
  "find-sending-tasks",
  `SELECT ${TASK_COLUMNS} FROM background_task t
   WHERE t.environment_id = $1 AND t.bucket = $2 AND t.application_id = $3 AND t.endpoint_id = $4
     AND t.status = 'running' AND t.kind IN ('endpoint.recover', 'endpoint.replay')
   ORDER BY t.task_id`,
);

export interface Enabled {
  endpoint: Endpoint;
  /** Those that were just written down, or still run. */
  tasks: Task[];
  /** False: it was enabled already. */
  changed: boolean;
}

async function findTasks(
  queries: Queries,
  environmentId: string,
  { applicationId, endpointId }: EndpointKey,
): Promise<Task[]> {
  const values = [environmentId, bucketOf(endpointId), applicationId, endpointId];
  return (await queries.query<TaskRow>(FIND_TASKS, values)).map(toTask);
}

/**
 * @param tasksFor what it missed, of the endpoint as it was disabled; may throw a refusal: nothing is written then
 * @returns undefined when there is no such endpoint
 */
export async function enableEndpoint(
  storage: Storage,
  key: EndpointKey,
  tasksFor: (disabled: Endpoint) => NewTask[],
  telling: Required<Telling>,
): Promise<Enabled | undefined> {
  const ids = [key.applicationId, key.endpointId];
  const now = storage.now();
  return await storage.transaction(async (queries) => {
    const [locked] = await queries.query<EndpointRow>(LOCK, ids);
    if (locked === undefined) return undefined;
    const current = toEndpoint(locked);
    if (!current.disabled) {
      const tasks = await findTasks(queries, telling.environmentId, key);
      return { endpoint: current, tasks, changed: false };
    }
    const wanted = tasksFor(current);
    const [row] = await queries.query<EndpointRow>(ENABLE, [...ids, now]);
    if (row === undefined) throw new Error(`The locked ${key.endpointId} was not enabled.`);
    const tasks: Task[] = [];
    for (const task of wanted) tasks.push(await insertTask(queries, task, now));
    const types = ["endpoint.updated" as const, "endpoint.enabled" as const];
    await tellOfEndpoint(queries, { ...telling, ...key, types, now });
    return { endpoint: toEndpoint(row), tasks, changed: true };
  });
}
