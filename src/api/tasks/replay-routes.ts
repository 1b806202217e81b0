/** Sending an endpoint's messages again, and expunging all of an application's, as background tasks. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { TSchema } from "typebox";
import { bucketOf } from "../../core/bucket.ts";
import { firstIdAt, type IdPrefix } from "../../core/ids.ts";
import { createTask } from "../../storage/tasks/create-task.ts";
import type { Task, TaskFilter, TaskKind } from "../../storage/tasks/task.ts";
import { statusFilter } from "../attempts/schema.ts";
import type { ApiDeps } from "../deps.ts";
import { refuseDisabled } from "../endpoints/activity-routes.ts";
import { invalidAt } from "../errors.ts";
import { identityOf } from "../request.ts";
import { answers } from "../schemas.ts";
import type { ApplicationPath, EndpointPath, Scope } from "../scope.ts";
import { readTime, spanProblem, type TimeSpan } from "../time-span.ts";
import {
  BulkReplayIn,
  ExpungeAllContentsOut,
  RecoverIn,
  RecoverOut,
  renderStarted,
  ReplayIn,
  ReplayOut,
} from "./schema.ts";

const RECOVER_DAYS_MAX = 14;
/** As long as messages are kept by default. */
export const REPLAY_DAYS_MAX = 90;
const CLOCKS_MS = 3_600_000;
export const EVERYTHING: TaskFilter = {
  statuses: null,
  statusCodeClass: null,
  eventTypes: null,
  channel: null,
  tag: null,
};

const IN_BACKGROUND = "Done in the background: ask for the task's progress by its id.";

interface Replay {
  kind: TaskKind;
  path: string;
  operationId: string;
  summary: string;
  description: string;
  body: TSchema;
  answer: TSchema;
  daysMax: number;
  /** What it walks over. */
  prefix: IdPrefix;
  filterOf: (body: BulkReplayIn) => TaskFilter;
}

const REPLAYS: readonly Replay[] = [
  {
    kind: "endpoint.recover",
    path: "recover",
    operationId: "v1.endpoint.recover",
    summary: "Recover failed messages",
    description:
      "Sends once more what had its last attempt of the span fail, was never delivered and waits for no retry.",
    body: RecoverIn,
    answer: RecoverOut,
    daysMax: RECOVER_DAYS_MAX,
    prefix: "atmpt_",
    filterOf: () => ({ ...EVERYTHING, statuses: ["fail"] }),
  },
  {
    kind: "endpoint.replay",
    path: "replay-missing",
    operationId: "v1.endpoint.replay-missing",
    summary: "Replay missing messages",
    description:
      "Sends the messages of the span that the endpoint asks for now and was never sent, " +
      "such as those from before it existed.",
    body: ReplayIn,
    answer: ReplayOut,
    daysMax: REPLAY_DAYS_MAX,
    prefix: "msg_",
    filterOf: () => EVERYTHING,
  },
  {
    kind: "endpoint.bulk-replay",
    path: "bulk-replay",
    operationId: "v1.endpoint.bulk-replay",
    summary: "Replay messages in bulk",
    description:
      "Sends once more what was attempted in the span, delivered or not, as far as the filters choose it.",
    body: BulkReplayIn,
    answer: ReplayOut,
    daysMax: REPLAY_DAYS_MAX,
    prefix: "atmpt_",
    filterOf: (body) => ({
      statuses: statusFilter(body.status ?? undefined, true),
      statusCodeClass: body.statusCodeClass ?? null,
      eventTypes: body.eventTypes?.length ? body.eventTypes : null,
      channel: body.channel ?? null,
      tag: body.tag ?? null,
    }),
  },
];

/** Nothing that is younger than the task is walked over: its own attempts are. @throws 422 */
function spanOf(body: RecoverIn, now: number, daysMax: number): TimeSpan {
  const since = readTime(["body", "since"], body.since);
  const asked = body.until ? readTime(["body", "until"], body.until) : now;
  const span = { since, until: Math.min(asked, now) };
  const problem = spanProblem(span, daysMax);
  if (problem !== undefined) throw invalidAt(["body", "since"], problem);
  return span;
}

function registerReplay(app: FastifyInstance, deps: ApiDeps, scope: Scope, replay: Replay): void {
  app.post<{ Params: EndpointPath; Body: BulkReplayIn }>(
    `/app/:appId/endpoint/:endpointId/${replay.path}`,
    {
      schema: {
        tags: ["Endpoint"],
        operationId: replay.operationId,
        summary: replay.summary,
        description: `${replay.description} ${IN_BACKGROUND}`,
        body: replay.body,
        response: answers({ 202: replay.answer }),
      },
    },
    async (request, reply) => {
      const { kind, prefix, daysMax, filterOf } = replay;
      const { endpoint, key } = await scope.endpoint(request, request.params);
      const span = spanOf(request.body, deps.clock.now(), daysMax);
      if (endpoint.disabled) refuseDisabled(endpoint);
      const task = await startTask(deps, request, {
        ...key,
        kind,
        bucket: bucketOf(key.endpointId),
        filter: filterOf(request.body),
        startPosition: firstIdAt(prefix, span.since),
        endPosition: firstIdAt(prefix, span.until),
      });
      reply.code(202);
      return renderStarted(task);
    },
  );
}

type Start = Omit<Parameters<typeof createTask>[1], "environmentId" | "taskId">;

/** Writes the task down for the caller's environment. */
export async function startTask(
  deps: ApiDeps,
  request: FastifyRequest,
  task: Start,
): Promise<Task> {
  const { environmentId } = identityOf(request);
  const taskId = deps.ids.make("qtask_");
  const made = await createTask(deps.storage, { ...task, environmentId, taskId });
  deps.engine.taskCreated();
  return made;
}

function registerPurge(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  app.post<{ Params: ApplicationPath }>(
    "/app/:appId/msg/expunge-all-contents",
    {
      schema: {
        tags: ["Message"],
        operationId: "v1.message.expunge-all-contents",
        summary: "Remove all payloads there are now",
        description: IN_BACKGROUND,
        response: answers({ 202: ExpungeAllContentsOut }),
      },
    },
    async (request, reply) => {
      const { applicationId, createdAt } = await scope.application(request, request.params);
      const now = deps.clock.now();
      const task = await startTask(deps, request, {
        kind: "application.purge_content",
        applicationId,
        endpointId: null,
        bucket: bucketOf(applicationId),
        filter: EVERYTHING,
        // Ids are made by several nodes, whose clocks differ.
        startPosition: firstIdAt("msg_", createdAt - CLOCKS_MS),
        endPosition: firstIdAt("msg_", now + CLOCKS_MS),
      });
      reply.code(202);
      return renderStarted(task);
    },
  );
}

export function registerReplays(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  for (const replay of REPLAYS) registerReplay(app, deps, scope, replay);
  registerPurge(app, deps, scope);
}
