/** Background tasks on the wire (`svix-api.md` §7, §8.9). */
import { Type, type Static } from "typebox";
import { timeOfId } from "../../core/ids.ts";
import type { Task, TaskStatus } from "../../storage/tasks/task.ts";
import { status as messageStatus, statusCodeClass } from "../attempts/schema.ts";
import {
  channelFilter,
  dateTime,
  eventTypesFilter,
  listOf,
  nullable,
  tagFilter,
} from "../schemas.ts";

/** All that Svix knows: clients refuse others. What Amps never runs is never found. */
export const taskKind = Type.Unsafe<string>({
  type: "string",
  enum: [
    "endpoint.replay",
    "endpoint.recover",
    "endpoint.bulk-replay",
    "application.stats",
    "application.purge_content",
    "event-type.aggregate",
    "message.broadcast",
    "sdk.generate",
  ],
});
export const taskStatus = Type.Unsafe<"running" | "finished" | "failed">({
  type: "string",
  enum: ["running", "finished", "failed"],
});

const startedFields = {
  id: Type.String({ examples: ["qtask_2tqVn7Yc4mJx8rLwKzB5dHf1sGp"] }),
  status: taskStatus,
  task: taskKind,
  updatedAt: dateTime,
};
export const RecoverOut = Type.Object(startedFields, { title: "RecoverOut" });
export const ReplayOut = Type.Object(startedFields, { title: "ReplayOut" });
export const ExpungeAllContentsOut = Type.Object(startedFields, { title: "ExpungeAllContentsOut" });

const TaskData = Type.Object(
  {
    appId: Type.String(),
    endpointId: Type.Optional(Type.String()),
    messagesSent: Type.Optional(Type.Integer({ description: "Deliveries made so far." })),
    messagesExpunged: Type.Optional(Type.Integer()),
    progress: Type.Number({ description: "0 to 1: how much of the time asked for is done." }),
    canceled: Type.Optional(Type.Boolean({ description: "Ended by a caller; shown as failed." })),
    error: Type.Optional(Type.String({ description: "Why it failed." })),
  },
  { title: "BackgroundTaskData" },
);
export const BackgroundTaskOut = Type.Object(
  { ...startedFields, data: TaskData },
  { title: "BackgroundTaskOut" },
);
export const BackgroundTaskList = listOf("ListResponse_BackgroundTaskOut_", BackgroundTaskOut);

const span = { since: dateTime, until: Type.Optional(nullable(dateTime)) };
export const RecoverIn = Type.Object(span, { title: "RecoverIn" });
export const ReplayIn = Type.Object(span, { title: "ReplayIn" });
export const BulkReplayIn = Type.Object(
  {
    ...span,
    eventTypes: Type.Optional(nullable(eventTypesFilter)),
    channel: Type.Optional(nullable(channelFilter)),
    tag: Type.Optional(nullable(tagFilter)),
    status: Type.Optional(nullableOf(messageStatus)),
    statusCodeClass: Type.Optional(nullableOf(statusCodeClass)),
  },
  { title: "BulkReplayIn" },
);
export type RecoverIn = Static<typeof RecoverIn>;
export type BulkReplayIn = Static<typeof BulkReplayIn>;

/** An enumeration of numbers, or null. */
function nullableOf(schema: typeof messageStatus): ReturnType<typeof Type.Unsafe<number | null>> {
  const { enum: values, description } = schema as { enum?: number[]; description?: string };
  return Type.Unsafe<number | null>({
    type: ["integer", "null"],
    enum: [...(values ?? []), null],
    ...(description !== undefined && { description }),
  });
}

/** Svix has no status for what was canceled, and its typed clients refuse unknown ones. */
function shownStatus(status: TaskStatus): string {
  return status === "canceled" ? "failed" : status;
}

export function statusesOf(
  shown: "running" | "finished" | "failed" | undefined,
): TaskStatus[] | null {
  if (shown === undefined) return null;
  return shown === "failed" ? ["failed", "canceled"] : [shown];
}

/** The ids a walk goes over begin with times, so its position tells how far it is. */
function progressOf(task: Task): number {
  if (task.status === "finished") return 1;
  const [start, at, end] = [task.startPosition, task.position, task.endPosition].map(
    (id) => timeOfId(id) ?? 0,
  );
  if (start === undefined || at === undefined || end === undefined || end <= start) return 0;
  return Math.round(Math.min(1, Math.max(0, (at - start) / (end - start))) * 1000) / 1000;
}

export function renderStarted(task: Task): Record<string, unknown> {
  return {
    id: task.taskId,
    status: shownStatus(task.status),
    task: task.kind,
    updatedAt: new Date(task.updatedAt).toISOString(),
  };
}

export function renderTask(task: Task): unknown {
  const { endpointId, changed, failure } = task;
  const purge = task.kind === "application.purge_content";
  return {
    ...renderStarted(task),
    data: {
      appId: task.applicationId,
      ...(endpointId !== null && { endpointId }),
      ...(purge ? { messagesExpunged: changed } : { messagesSent: changed }),
      progress: progressOf(task),
      ...(task.status === "canceled" && { canceled: true }),
      ...(failure !== null && { error: failure }),
    },
  };
}
