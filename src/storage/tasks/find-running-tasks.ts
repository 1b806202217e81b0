/** The running tasks of the buckets a node owns, each with how its endpoint stands. */
import type { OwnedBucket } from "../nodes/leases.ts";
import { statement, type Storage } from "../storage.ts";
import { type Task, TASK_COLUMNS, type TaskRow, toTask } from "./task.ts";

/** Tasks at work at once on one node; later ones wait for their turn. */
const TASKS_MAX = 32;

export interface RunningTask extends Task {
  epoch: number;
  /** Undefined: the task has no endpoint, and needs none. */
  endpoint: { sendable: boolean; waiting: number } | undefined;
}

// Due rows are counted up to a bound: that there are so many is all that is asked.
const FIND = statement(
  "find-running-tasks",
  `SELECT ${TASK_COLUMNS}, owned.epoch,
     e.deleted_at IS NULL AND NOT e.disabled AS sendable, due.waiting
   FROM unnest($1::smallint[], $2::bigint[]) AS owned(bucket, epoch)
   JOIN background_task t ON t.bucket = owned.bucket AND t.status = 'running'
   LEFT JOIN endpoint e
     ON e.application_id = t.application_id AND e.endpoint_id = t.endpoint_id
   CROSS JOIN LATERAL (
     SELECT count(*)::int AS waiting FROM (
       SELECT 1 FROM delivery d WHERE d.bucket = t.bucket AND d.endpoint_id = t.endpoint_id
         AND d.due_at <= coalesce(to_timestamp($4::float8 / 1000), now()) LIMIT $3) counted
   ) due
   ORDER BY t.task_id LIMIT ${TASKS_MAX}`,
);

interface RunningRow extends TaskRow {
  epoch: number;
  sendable: boolean | null;
  waiting: number;
}

/** @param waitingMax where counting the due deliveries of an endpoint stops */
export async function findRunningTasks(
  storage: Storage,
  owned: OwnedBucket[],
  waitingMax: number,
): Promise<RunningTask[]> {
  const rows = await storage.query<RunningRow>(FIND, [
    owned.map(({ bucket }) => bucket),
    owned.map(({ epoch }) => epoch),
    waitingMax,
    storage.now(),
  ]);
  return rows.map((row) => ({
    ...toTask(row),
    epoch: row.epoch,
    endpoint:
      row.endpoint_id === null
        ? undefined
        : { sendable: row.sendable === true, waiting: row.waiting },
  }));
}
