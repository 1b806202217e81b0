/**
 * One step of a background task: the next batch of ids, what is done about them, and the task's new
 * position, in one statement. It counts only under the epoch it was read under and from the position
 * it was read at, so that a step is taken once whatever dies or is repeated.
 */
import { MANUAL } from "../../core/attempt-outcome.ts";
import { progressOf } from "../attempts/progress.ts";
import { statement, type Statement, type Storage } from "../storage.ts";
import type { RunningTask } from "./find-running-tasks.ts";

/** Ids looked at per step; a step of replays adds at most so many deliveries. */
const IDS_PER_STEP = 500;

/**
 * `seen` is the batch by `id`, after $5 and before $6, at most $7 ids; `changed` has a row per message
 * that was changed, and changes nothing unless there is a row in `task`. $1 environment, $2 task,
 * $3 epoch, $4 application, $8 time.
 */
function step(name: string, { seen, changed }: { seen: string; changed: string }): Statement {
  return statement(
    name,
    `WITH task AS (
       SELECT t.task_id FROM background_task t
       JOIN bucket_lease l ON l.kind = 'delivery' AND l.bucket = t.bucket AND l.epoch = $3
       WHERE t.environment_id = $1 AND t.task_id = $2 AND t.status = 'running' AND t.position = $5
       FOR UPDATE OF t
     ),
     seen AS (${seen}),
     ${changed},
     batch AS (SELECT count(*) AS ids, max(id) AS last FROM seen)
     UPDATE background_task t SET position = coalesce(batch.last, t.position),
       changed = t.changed + (SELECT count(*) FROM changed),
       status = CASE WHEN batch.ids < $7 THEN 'finished' ELSE t.status END,
       updated_at = date_trunc('milliseconds', coalesce(to_timestamp($8::float8 / 1000), now()))
     FROM task, batch
     WHERE t.environment_id = $1 AND t.task_id = task.task_id
     RETURNING t.status, (SELECT count(*) FROM changed)::int AS changed`,
  );
}

/** Sends the messages of `chosen` to endpoint $9 of bucket $10 once more, a single attempt each. */
const REQUEUE = `changed AS (
  INSERT INTO delivery (application_id, endpoint_id, message_id, trigger, bucket, due_at)
  SELECT $4, $9, message_id, ${MANUAL}, $10::smallint,
    coalesce(to_timestamp($8::float8 / 1000), now())
  FROM chosen WHERE EXISTS (SELECT FROM task)
  ON CONFLICT DO NOTHING RETURNING message_id
)`;

// A message counts where its last attempt within the range is, so that it is chosen once however
// often it was attempted. Attempts of this very task are younger than the range.
const REPLAY_ATTEMPTED = step("replay-attempted", {
  seen: `SELECT attempt_id AS id, message_id, event_type, channels, response_status FROM attempt
     WHERE application_id = $4 AND endpoint_id = $9 AND attempt_id > $5 AND attempt_id < $6
     ORDER BY attempt_id LIMIT $7`,
  changed: `chosen AS (
     SELECT s.message_id FROM seen s
     JOIN message m ON m.application_id = $4 AND m.message_id = s.message_id
     CROSS JOIN LATERAL (${progressOf("$4", "$9", "s.message_id")}) progress
     WHERE m.payload IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM attempt later
         WHERE later.application_id = $4 AND later.message_id = s.message_id
           AND later.endpoint_id = $9 AND later.attempt_id > s.id AND later.attempt_id < $6)
       AND ($11::text[] IS NULL OR progress.status = ANY ($11))
       AND ($12::int IS NULL OR s.response_status BETWEEN $12 AND $12 + 99)
       AND ($13::text[] IS NULL OR s.event_type = ANY ($13))
       AND ($14::text IS NULL OR $14 = ANY (s.channels))
       AND ($15::text IS NULL OR $15 = ANY (m.tags))
   ), ${REQUEUE}`,
});

// Missing is what the endpoint asks for and was neither attempted there nor is still owed.
const REPLAY_MISSING = step("replay-missing", {
  seen: `SELECT message_id AS id, message_id, event_type, channels, payload IS NOT NULL AS whole
     FROM message WHERE application_id = $4 AND message_id > $5 AND message_id < $6
     ORDER BY message_id LIMIT $7`,
  changed: `chosen AS (
     SELECT s.message_id FROM seen s
     JOIN endpoint e ON e.application_id = $4 AND e.endpoint_id = $9
     CROSS JOIN LATERAL (${progressOf("$4", "$9", "s.message_id")}) progress
     WHERE s.whole AND progress.status IS NULL
       AND (e.event_types IS NULL OR s.event_type = ANY (e.event_types))
       AND (e.channels IS NULL OR e.channels && s.channels)
   ), ${REQUEUE}`,
});

const PURGE_CONTENT = step("purge-content", {
  seen: `SELECT message_id AS id FROM message
     WHERE application_id = $4 AND message_id > $5 AND message_id < $6
     ORDER BY message_id LIMIT $7`,
  changed: `changed AS (
     UPDATE message m SET payload = NULL FROM seen s
     WHERE m.application_id = $4 AND m.message_id = s.id AND m.payload IS NOT NULL
       AND EXISTS (SELECT FROM task)
     RETURNING m.message_id
   )`,
});

function statementOf(task: RunningTask): [Statement, unknown[]] {
  const { filter, endpointId, bucket } = task;
  if (task.kind === "application.purge_content") return [PURGE_CONTENT, []];
  if (task.kind === "endpoint.replay") return [REPLAY_MISSING, [endpointId, bucket]];
  const { statuses, statusCodeClass, eventTypes, channel, tag } = filter;
  const values = [endpointId, bucket, statuses, statusCodeClass, eventTypes, channel, tag];
  return [REPLAY_ATTEMPTED, values];
}

export interface StepOutcome {
  finished: boolean;
  changed: number;
}

/** @returns undefined when the task is not this node's any more, or was ended or moved on meanwhile */
export async function takeStep(
  storage: Storage,
  task: RunningTask,
  idsMax = IDS_PER_STEP,
): Promise<StepOutcome | undefined> {
  const [declared, more] = statementOf(task);
  const [row] = await storage.query<{ status: string; changed: number }>(declared, [
    task.environmentId,
    task.taskId,
    task.epoch,
    task.applicationId,
    task.position,
    task.endPosition,
    idsMax,
    storage.now(),
    ...more,
  ]);
  if (row === undefined) return undefined;
  return { finished: row.status === "finished", changed: row.changed };
}
