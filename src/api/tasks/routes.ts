/** Background tasks: how far they are, and ending them (`svix-api.md` §8.9). */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { endTask } from "../../storage/tasks/end-task.ts";
import { getTask } from "../../storage/tasks/get-task.ts";
import { listTasks } from "../../storage/tasks/list-tasks.ts";
import type { Task, TaskKind } from "../../storage/tasks/task.ts";
import type { ApiDeps } from "../deps.ts";
import { ApiError, notFound } from "../errors.ts";
import { type PageQuery, readPage, renderPage } from "../pagination.ts";
import { identityOf, pathName } from "../request.ts";
import { answers, orderQuery, pageQuery } from "../schemas.ts";
import {
  BackgroundTaskList,
  BackgroundTaskOut,
  renderTask,
  statusesOf,
  taskKind,
  taskStatus,
} from "./schema.ts";

const tags = ["Background Tasks"];

interface TaskPath {
  taskId: string;
}

interface TaskQuery extends PageQuery {
  status?: "running" | "finished" | "failed";
  task?: TaskKind;
}

/** A portal sees the tasks of its own application. @throws 404 */
async function find(
  { storage }: ApiDeps,
  request: FastifyRequest<{ Params: TaskPath }>,
): Promise<Task> {
  const { environmentId, portal } = identityOf(request);
  const taskId = pathName(request.params.taskId, "Background task");
  const task = await getTask(storage, { environmentId, taskId });
  const hidden = portal !== null && portal.applicationId !== task?.applicationId;
  if (task === undefined || hidden) throw notFound("Background task");
  return task;
}

function registerReads(app: FastifyInstance, deps: ApiDeps): void {
  const { storage } = deps;
  app.get<{ Querystring: TaskQuery }>(
    "/background-task",
    {
      schema: {
        tags,
        operationId: "v1.background-task.list",
        summary: "List background tasks, newest first",
        querystring: Type.Object({
          ...pageQuery,
          ...orderQuery,
          status: Type.Optional(taskStatus),
          task: Type.Optional(taskKind),
        }),
        response: answers({ 200: BackgroundTaskList }),
      },
    },
    async (request) => {
      const { environmentId } = identityOf(request);
      const { status, task } = request.query;
      const page = readPage(request.query, { prefix: "qtask_", defaultOrder: "descending" });
      const list = { environmentId, statuses: statusesOf(status), kind: task ?? null };
      const rows = await listTasks(storage, list, page.range);
      return renderPage(page, rows, { keyOf: (row) => row.taskId, render: renderTask });
    },
  );

  app.get<{ Params: TaskPath }>(
    "/background-task/:taskId",
    {
      schema: {
        tags,
        operationId: "v1.background-task.get",
        summary: "Get a background task with its progress",
        response: answers({ 200: BackgroundTaskOut }),
      },
    },
    async (request) => renderTask(await find(deps, request)),
  );
}

function registerCancel(app: FastifyInstance, deps: ApiDeps): void {
  app.post<{ Params: TaskPath }>(
    "/background-task/:taskId/cancel",
    {
      schema: {
        tags,
        operationId: "v1.background-task.cancel",
        summary: "End a running task; what it did stays",
        description: "Amps's own. Deliveries that it has made are still sent.",
        response: answers({ 200: BackgroundTaskOut }),
      },
    },
    async (request) => {
      const { environmentId } = identityOf(request);
      const { taskId } = await find(deps, request);
      const key = { environmentId, taskId };
      const ended = await endTask(deps.storage, key, { status: "canceled", failure: null });
      if (ended !== undefined) return renderTask(ended);
      const { status } = await find(deps, request);
      throw new ApiError("conflict", `The task does not run: it is ${status}.`);
    },
  );
}

export function registerTasks(app: FastifyInstance, deps: ApiDeps): void {
  registerReads(app, deps);
  registerCancel(app, deps);
}
