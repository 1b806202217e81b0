/** The background task as it is stored, for the operations beside this file. */
import type { UnixMs } from "../../core/types.ts";
import type { AttemptStatus } from "../attempts/attempt.ts";

export type TaskKind =
  | "endpoint.recover"
  | "endpoint.replay"
  | "endpoint.bulk-replay"
  | "application.purge_content";

export type TaskStatus = "running" | "finished" | "failed" | "canceled";

/** Which of an endpoint's messages are sent again; null: any. */
export interface TaskFilter {
  statuses: AttemptStatus[] | null;
  statusCodeClass: number | null;
  eventTypes: string[] | null;
  channel: string | null;
  tag: string | null;
}

export interface Task {
  environmentId: string;
  taskId: string;
  kind: TaskKind;
  applicationId: string;
  endpointId: string | null;
  bucket: number;
  status: TaskStatus;
  filter: TaskFilter;
  /** Ids that the walk goes over: of attempts or of messages, ends exclusive. */
  startPosition: string;
  position: string;
  endPosition: string;
  /** Messages sent again, or expunged. */
  changed: number;
  /** Why it failed, for people. */
  failure: string | null;
  createdAt: UnixMs;
  updatedAt: UnixMs;
}

export const TASK_COLUMNS = `t.environment_id, t.task_id, t.kind, t.application_id, t.endpoint_id,
  t.bucket, t.status, t.filter, t.start_position, t.position, t.end_position, t.changed, t.failure,
  t.created_at, t.updated_at`;

export interface TaskRow {
  [column: string]: unknown;
  environment_id: string;
  task_id: string;
  kind: TaskKind;
  application_id: string;
  endpoint_id: string | null;
  bucket: number;
  status: TaskStatus;
  filter: string;
  start_position: string;
  position: string;
  end_position: string;
  changed: number;
  failure: string | null;
  created_at: UnixMs;
  updated_at: UnixMs;
}

export function toTask(row: TaskRow): Task {
  return {
    environmentId: row.environment_id,
    taskId: row.task_id,
    kind: row.kind,
    applicationId: row.application_id,
    endpointId: row.endpoint_id,
    bucket: row.bucket,
    status: row.status,
    // Written by `create-task.ts` alone.
    filter: JSON.parse(row.filter) as TaskFilter,
    startPosition: row.start_position,
    position: row.position,
    endPosition: row.end_position,
    changed: row.changed,
    failure: row.failure,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
