/**
 * What is new of one application, for those who watch it. Each reads a short way back from the newest, on an
 * index, a bounded number of rows.
 */
import { firstIdAt } from "../../core/ids.ts";
import type { UnixMs } from "../../core/types.ts";
import { statement, type Storage } from "../storage.ts";
import { type Task, TASK_COLUMNS, type TaskRow, toTask } from "../tasks/task.ts";

/** Of each kind in one reading. */
export const NEWS_MAX = 500;
/** Older tasks are not watched: it keeps the walk over them short. */
const TASK_AGE_MS = 7 * 24 * 3_600_000;

export interface NewMessage {
  messageId: string;
  eventType: string;
  createdAt: UnixMs;
}

const MESSAGES = statement(
  "find-new-messages",
  `SELECT message_id, event_type, created_at FROM message
   WHERE application_id = $1 AND message_id > $2 ORDER BY message_id DESC LIMIT $3`,
);

/** Newest first. */
export async function findNewMessages(
  storage: Storage,
  applicationId: string,
  since: UnixMs,
): Promise<NewMessage[]> {
  const rows = await storage.query<{
    message_id: string;
    event_type: string;
    created_at: UnixMs;
  }>(MESSAGES, [applicationId, firstIdAt("msg_", since), NEWS_MAX]);
  return rows.map((row) => ({
    messageId: row.message_id,
    eventType: row.event_type,
    createdAt: row.created_at,
  }));
}

export interface NewAttempt {
  attemptId: string;
  messageId: string;
  endpointId: string;
  trigger: number;
  succeeded: boolean;
  responseStatus: number;
  durationMs: number;
  errorCode: string | null;
  attemptedAt: UnixMs;
  nextAttemptAt: UnixMs | null;
}

// By endpoint, as attempts are indexed: one probe for each of at most 1,000.
const ATTEMPTS = statement(
  "find-new-attempts",
  `SELECT a.* FROM endpoint e
   CROSS JOIN LATERAL (
     SELECT attempt_id, message_id, endpoint_id, trigger, succeeded, response_status, duration_ms,
       error_code, attempted_at, next_attempt_at
     FROM attempt
     WHERE application_id = $1 AND endpoint_id = e.endpoint_id AND attempt_id > $2
     ORDER BY attempt_id DESC LIMIT $3
   ) a
   WHERE e.application_id = $1 AND e.deleted_at IS NULL
   ORDER BY a.attempt_id DESC LIMIT $3`,
);

interface NewAttemptRow {
  [column: string]: unknown;
  attempt_id: string;
  message_id: string;
  endpoint_id: string;
  trigger: number;
  succeeded: boolean;
  response_status: number;
  duration_ms: number;
  error_code: string | null;
  attempted_at: UnixMs;
  next_attempt_at: UnixMs | null;
}

/** Newest first. */
export async function findNewAttempts(
  storage: Storage,
  applicationId: string,
  since: UnixMs,
): Promise<NewAttempt[]> {
  const values = [applicationId, firstIdAt("atmpt_", since), NEWS_MAX];
  const rows = await storage.query<NewAttemptRow>(ATTEMPTS, values);
  return rows.map((row) => ({
    attemptId: row.attempt_id,
    messageId: row.message_id,
    endpointId: row.endpoint_id,
    trigger: row.trigger,
    succeeded: row.succeeded,
    responseStatus: row.response_status,
    durationMs: row.duration_ms,
    errorCode: row.error_code,
    attemptedAt: row.attempted_at,
    nextAttemptAt: row.next_attempt_at,
  }));
}

export interface ChangedEndpoint {
  endpointId: string;
  disabled: boolean;
  deleted: boolean;
  updatedAt: UnixMs;
}

// An application has at most 1,000 that are not deleted; the rows are found by its key.
const ENDPOINTS = statement(
  "find-changed-endpoints",
  `SELECT endpoint_id, disabled, deleted_at IS NOT NULL AS deleted,
     greatest(updated_at, deleted_at) AS updated_at
   FROM endpoint WHERE application_id = $1
     AND greatest(updated_at, deleted_at) > to_timestamp($2::float8 / 1000)
   ORDER BY endpoint_id LIMIT $3`,
);

export async function findChangedEndpoints(
  storage: Storage,
  applicationId: string,
  since: UnixMs,
): Promise<ChangedEndpoint[]> {
  const rows = await storage.query<{
    endpoint_id: string;
    disabled: boolean;
    deleted: boolean;
    updated_at: UnixMs;
  }>(ENDPOINTS, [applicationId, since, NEWS_MAX]);
  return rows.map(({ endpoint_id: endpointId, disabled, deleted, updated_at: updatedAt }) => ({
    endpointId,
    disabled,
    deleted,
    updatedAt,
  }));
}

const TASKS = statement(
  "find-changed-tasks",
  `SELECT ${TASK_COLUMNS} FROM background_task t
   WHERE environment_id = $1 AND task_id > $2 AND application_id = $3
     AND updated_at > to_timestamp($4::float8 / 1000)
   ORDER BY task_id DESC LIMIT $5`,
);

export async function findChangedTasks(
  storage: Storage,
  key: { environmentId: string; applicationId: string },
  since: UnixMs,
): Promise<Task[]> {
  const { environmentId, applicationId } = key;
  const from = firstIdAt("qtask_", since - TASK_AGE_MS);
  const values = [environmentId, from, applicationId, since, NEWS_MAX];
  return (await storage.query<TaskRow>(TASKS, values)).map(toTask);
}
