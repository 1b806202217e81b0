/** What happens in an application, as those who watch it are told: small, with ids to ask for the rest. */
import type { UnixMs } from "../../core/types.ts";
import {
  findChangedEndpoints,
  findChangedTasks,
  findNewAttempts,
  findNewMessages,
  type NewAttempt,
  NEWS_MAX,
} from "../../storage/live/find-news.ts";
import type { Storage } from "../../storage/storage.ts";
import { renderTask } from "../tasks/schema.ts";

export interface WatchedApplication {
  environmentId: string;
  applicationId: string;
}

export interface News {
  kind: "message" | "attempt" | "endpoint" | "task";
  /** The same thing in the same state has the same. */
  key: string;
  at: UnixMs;
  data: unknown;
}

export interface Reading {
  /** Oldest first. */
  news: News[];
  /** There was more of a kind than is read at once, and this is the oldest of what was read. */
  cutAt: News[];
}

function statusOf({ succeeded, nextAttemptAt, errorCode }: NewAttempt): string {
  if (succeeded) return "success";
  if (nextAttemptAt !== null) return "sending";
  return errorCode === "payload_gone" ? "canceled" : "fail";
}

function iso(at: UnixMs): string {
  return new Date(at).toISOString();
}

function ofAttempt(attempt: NewAttempt): News {
  const { attemptId: id, attemptedAt, nextAttemptAt } = attempt;
  return {
    kind: "attempt",
    key: id,
    // When it was recorded, about.
    at: attemptedAt + attempt.durationMs,
    data: {
      id,
      msgId: attempt.messageId,
      endpointId: attempt.endpointId,
      status: statusOf(attempt),
      triggerType: attempt.trigger,
      responseStatusCode: attempt.responseStatus,
      responseDurationMs: attempt.durationMs,
      errorCode: attempt.errorCode,
      timestamp: iso(attemptedAt),
      nextAttempt: nextAttemptAt === null ? null : iso(nextAttemptAt),
    },
  };
}

/** Everything since then: what is new by its id, what changed by when. */
export async function readNews(
  storage: Storage,
  application: WatchedApplication,
  since: UnixMs,
): Promise<Reading> {
  const { applicationId } = application;
  const messages = (await findNewMessages(storage, applicationId, since)).map(
    ({ messageId: id, eventType, createdAt }): News => ({
      kind: "message",
      key: id,
      at: createdAt,
      data: { id, eventType, timestamp: iso(createdAt) },
    }),
  );
  const attempts = (await findNewAttempts(storage, applicationId, since)).map(ofAttempt);
  const endpoints = (await findChangedEndpoints(storage, applicationId, since)).map(
    ({ endpointId: id, disabled, deleted, updatedAt: at }): News => ({
      kind: "endpoint",
      key: `${id} ${at} ${disabled} ${deleted}`,
      at,
      data: { id, disabled, deleted },
    }),
  );
  const tasks = (await findChangedTasks(storage, application, since)).map((task): News => ({
    kind: "task",
    key: `${task.taskId} ${task.updatedAt} ${task.status} ${task.changed}`,
    at: task.updatedAt,
    data: renderTask(task),
  }));
  const cut = [messages, attempts].filter(({ length }) => length >= NEWS_MAX);
  return {
    news: [...messages, ...attempts, ...endpoints, ...tasks].sort((a, b) => a.at - b.at),
    cutAt: cut.flatMap((rows) => rows.slice(-1)),
  };
}
