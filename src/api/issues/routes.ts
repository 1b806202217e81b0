/** Issues: what fails, grouped by endpoint and cause, until somebody deals with it. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { bucketOf } from "../../core/bucket.ts";
import { firstIdAt } from "../../core/ids.ts";
import { findEndpoint } from "../../storage/endpoints/find-endpoint.ts";
import { changeIssue } from "../../storage/issues/change-issue.ts";
import { countUndelivered, getIssue } from "../../storage/issues/get-issue.ts";
import type { Issue, IssueKey, IssueState } from "../../storage/issues/issue.ts";
import { listIssues } from "../../storage/issues/list-issues.ts";
import type { Task } from "../../storage/tasks/task.ts";
import type { ApiDeps } from "../deps.ts";
import { refuseDisabled } from "../endpoints/activity-routes.ts";
import { ApiError, notFound } from "../errors.ts";
import { type PageQuery, readPage, renderPage } from "../pagination.ts";
import { identityOf, pathName } from "../request.ts";
import { answers, pageQuery, timeQuery } from "../schemas.ts";
import type { ApplicationPath, Scope } from "../scope.ts";
import { startTask } from "../tasks/replay-routes.ts";
import { renderStarted } from "../tasks/schema.ts";
import {
  IssueDetailOut,
  IssueList,
  IssueOut,
  IssueResolvedOut,
  IssueResolveIn,
  issueState,
  renderIssue,
  renderIssueDetail,
} from "./schema.ts";

const tags = ["Issue"];
const PATH = "/app/:appId/issue/:issueId";

interface IssuePath extends ApplicationPath {
  issueId: string;
}
interface IssueQuery extends PageQuery {
  state?: IssueState[];
  endpoint_id?: string;
}

/** @throws 404 */
async function find(
  { storage }: ApiDeps,
  scope: Scope,
  request: FastifyRequest<{ Params: IssuePath }>,
): Promise<{ issue: Issue; key: IssueKey }> {
  const { applicationId } = await scope.application(request, request.params);
  const key = { applicationId, issueId: pathName(request.params.issueId, "Issue") };
  const issue = await getIssue(storage, key);
  if (issue === undefined) throw notFound("Issue");
  return { issue, key };
}

function registerReads(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  const { storage } = deps;
  app.get<{ Params: ApplicationPath; Querystring: IssueQuery }>(
    "/app/:appId/issue",
    {
      schema: {
        tags,
        operationId: "v1.issue.list",
        summary: "List issues: failures by endpoint and cause, the last seen first",
        description: "Counted in the background, some seconds after the attempts.",
        querystring: Type.Object({
          ...pageQuery,
          ...timeQuery,
          state: Type.Optional(Type.Array(issueState)),
          endpoint_id: Type.Optional(Type.String({ maxLength: 256 })),
        }),
        response: answers({ 200: IssueList }),
      },
    },
    async (request) => {
      const { query } = request;
      const now = deps.clock.now();
      const page = readPage(query, { prefix: "atmpt_", defaultOrder: "descending", now });
      const { applicationId } = await scope.application(request, request.params);
      const { state: states = [], endpoint_id: name } = query;
      const endpointId = name === undefined ? null : pathName(name, "Endpoint");
      const list = { applicationId, endpointId, states: states.length === 0 ? null : states };
      const issues = await listIssues(storage, list, page.range);
      return renderPage(page, issues, { keyOf: (row) => row.lastAttemptId, render: renderIssue });
    },
  );

  app.get<{ Params: IssuePath }>(
    PATH,
    {
      schema: {
        tags,
        operationId: "v1.issue.get",
        summary: "Get an issue, with how many of its messages the endpoint still lacks",
        response: answers({ 200: IssueDetailOut }),
      },
    },
    async (request) => {
      const { issue, key } = await find(deps, scope, request);
      return renderIssueDetail(issue, await countUndelivered(storage, key.applicationId, issue));
    },
  );
}

/** Sends what failed since the issue opened, of whatever cause, once more. @throws 403, 404, 409 */
async function prepareResend(
  deps: ApiDeps,
  request: FastifyRequest,
  { applicationId, endpointId }: { applicationId: string; endpointId: string },
): Promise<(openedAt: number) => Promise<Task>> {
  const { portal } = identityOf(request);
  if (portal?.capabilities?.includes("CreateAttempts") === false) {
    const detail = "This token lacks the capability CreateAttempts; resolve without `resend`.";
    throw new ApiError("insufficient access", detail);
  }
  const endpoint = await findEndpoint(deps.storage, applicationId, endpointId);
  if (endpoint === undefined) throw notFound("Endpoint");
  if (endpoint.disabled) refuseDisabled(endpoint);
  return (openedAt) =>
    startTask(deps, request, {
      kind: "endpoint.recover",
      applicationId,
      endpointId,
      bucket: bucketOf(endpointId),
      filter: {
        statuses: ["fail"],
        statusCodeClass: null,
        eventTypes: null,
        channel: null,
        tag: null,
      },
      startPosition: firstIdAt("atmpt_", openedAt),
      endPosition: firstIdAt("atmpt_", deps.clock.now()),
    });
}

function registerChanges(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  app.post<{ Params: IssuePath }>(
    `${PATH}/acknowledge`,
    {
      schema: {
        tags,
        operationId: "v1.issue.acknowledge",
        summary: "Say that an issue is known; it stays so while it goes on",
        response: answers({ 200: IssueOut }),
      },
    },
    async (request) => {
      const { key } = await find(deps, scope, request);
      const changed = await changeIssue(deps.storage, key, "acknowledged");
      if (changed !== undefined) return renderIssue(changed);
      throw new ApiError("conflict", "The issue is resolved; it opens again when it comes back.");
    },
  );

  app.post<{ Params: IssuePath; Body: IssueResolveIn }>(
    `${PATH}/resolve`,
    {
      schema: {
        tags,
        operationId: "v1.issue.resolve",
        summary: "Say that an issue is dealt with, and have what failed sent once more if asked",
        description: "It opens again when an attempt that begins later fails of the same cause.",
        body: IssueResolveIn,
        response: answers({ 200: IssueResolvedOut }),
      },
    },
    async (request) => {
      const { issue, key } = await find(deps, scope, request);
      const of = { applicationId: key.applicationId, endpointId: issue.endpointId };
      const resend = request.body.resend === true && (await prepareResend(deps, request, of));
      // First, so that what the task sends in vain opens it again.
      const changed = await changeIssue(deps.storage, key, "resolved");
      if (changed === undefined) throw notFound("Issue");
      const task = resend === false ? undefined : await resend(issue.openedAt);
      return {
        issue: renderIssue(changed),
        ...(task !== undefined && { task: renderStarted(task) }),
      };
    },
  );
}

export function registerIssues(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  registerReads(app, deps, scope);
  registerChanges(app, deps, scope);
}
