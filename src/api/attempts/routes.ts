/** Attempts of deliveries, one by one (`svix-api.md` §8.6). */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { expungeAttempt } from "../../storage/attempts/expunge-attempt.ts";
import { getAttempt } from "../../storage/attempts/get-attempt.ts";
import { type AttemptList as Wanted, listAttempts } from "../../storage/attempts/list-attempts.ts";
import { walkAttempts } from "../../storage/log/walk-attempts.ts";
import type { ApiDeps } from "../deps.ts";
import { notFound } from "../errors.ts";
import { type MessageFilterQuery, messageFilter, messageFilterQuery } from "../messages/routes.ts";
import { renderWalk, restOf, walkPage } from "../log/search.ts";
import { type ListOut, type PageQuery, readPage, renderPage } from "../pagination.ts";
import { pathName } from "../request.ts";
import { answers, Nothing, pageQuery, timeQuery } from "../schemas.ts";
import type { EndpointPath, MessagePath, Scope } from "../scope.ts";
import {
  AttemptList,
  AttemptOut,
  renderAttempt,
  type Shown,
  status,
  statusCodeClass,
  statusFilter,
} from "./schema.ts";

const tags = ["Message Attempt"];

interface AttemptPath extends MessagePath {
  attemptId: string;
}

interface AttemptQuery extends PageQuery, MessageFilterQuery {
  status?: number;
  status_code_class?: number;
  endpoint_id?: string;
  with_content?: boolean;
  with_msg?: boolean;
  expanded_statuses?: boolean;
}

const attemptQuery = {
  ...pageQuery,
  ...timeQuery,
  ...messageFilterQuery,
  status: Type.Optional(status),
  status_code_class: Type.Optional(statusCodeClass),
  with_content: Type.Optional(Type.Boolean({ default: true })),
  with_msg: Type.Optional(Type.Boolean({ default: false })),
  expanded_statuses: Type.Optional(Type.Boolean()),
};
const endpointQuery = { endpoint_id: Type.Optional(Type.String({ maxLength: 256 })) };

/** Rows that the list of an endpoint reads for one page: some 0.3 s. Past it a page may be short. */
const WALKED_MAX = 20_000;

type Of = Pick<Wanted, "applicationId" | "endpointId" | "messageId">;

function shown(query: AttemptQuery): Shown {
  return {
    withContent: query.with_content ?? true,
    withMessage: query.with_msg === true,
    expanded: query.expanded_statuses === true,
  };
}

/** There is no bound to the attempts of an endpoint, and few may fit the filters: they are walked. */
async function listOfEndpoint(
  { clock, storage }: ApiDeps,
  query: AttemptQuery,
  key: { applicationId: string; endpointId: string },
): Promise<ListOut> {
  const page = readPage(query, { prefix: "atmpt_", defaultOrder: "descending", now: clock.now() });
  const render = shown(query);
  const search = {
    ...key,
    ...messageFilter(query),
    statuses: statusFilter(query.status, query.expanded_statuses),
    statusCodeClass: query.status_code_class ?? null,
    outcomeClasses: null,
    responseStatus: null,
    errorCode: null,
    slowerThanMs: null,
    text: null,
    withContent: render.withContent,
  };
  const walk = await walkPage(
    query,
    page.limit,
    async (from, count, rowsMax) => {
      const next = restOf(page.range, from, count);
      const { attempts, ...rest } = await walkAttempts(storage, search, next, rowsMax);
      return { rows: attempts, ...rest };
    },
    WALKED_MAX,
  );
  const from = query.iterator?.replace(/^-/, "") ?? null;
  return renderWalk(
    walk,
    { ...page, from },
    { keyOf: (row) => row.attemptId, render: (row) => renderAttempt(row, render) },
  );
}

async function listOfMessage(deps: ApiDeps, query: AttemptQuery, of: Of): Promise<ListOut> {
  const page = readPage(query, {
    prefix: "atmpt_",
    defaultOrder: "descending",
    now: deps.clock.now(),
  });
  const render = shown(query);
  const rows = await listAttempts(
    deps.storage,
    {
      ...of,
      ...messageFilter(query),
      statuses: statusFilter(query.status, query.expanded_statuses),
      statusCodeClass: query.status_code_class ?? null,
      withContent: render.withContent,
    },
    page.range,
  );
  return renderPage(page, rows, {
    keyOf: (row) => row.attemptId,
    render: (row) => renderAttempt(row, render),
  });
}

function registerLists(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  app.get<{ Params: EndpointPath; Querystring: AttemptQuery }>(
    "/app/:appId/attempt/endpoint/:endpointId",
    {
      schema: {
        tags,
        operationId: "v1.message-attempt.list-by-endpoint",
        summary: "List the attempts of an endpoint, newest first",
        querystring: Type.Object(attemptQuery),
        response: answers({ 200: AttemptList }),
      },
    },
    async (request) => {
      const { key } = await scope.endpoint(request, request.params);
      return await listOfEndpoint(deps, request.query, key);
    },
  );

  registerMessageLists(app, deps, scope);
  app.get<{ Params: EndpointPath & MessagePath; Querystring: AttemptQuery }>(
    "/app/:appId/msg/:msgId/endpoint/:endpointId/attempt",
    {
      schema: {
        tags,
        operationId: "v1.message-attempt.list-by-endpoint-deprecated",
        summary: "List the attempts of a message at one endpoint",
        deprecated: true,
        querystring: Type.Object(attemptQuery),
        response: answers({ 200: AttemptList }),
      },
    },
    async (request) => {
      const { key } = await scope.endpoint(request, request.params);
      const { message } = await scope.message(request, request.params);
      return await listOfMessage(deps, request.query, { ...key, messageId: message.messageId });
    },
  );
}

/** The same list at two addresses. */
function registerMessageLists(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  const ofMessage = async (
    request: FastifyRequest<{ Params: MessagePath; Querystring: AttemptQuery }>,
  ): Promise<ListOut> => {
    const { message, applicationId } = await scope.message(request, request.params);
    const { messageId } = message;
    const wanted = request.query.endpoint_id;
    if (wanted === undefined) {
      return await listOfMessage(deps, request.query, {
        applicationId,
        messageId,
        endpointId: null,
      });
    }
    const path = { appId: request.params.appId, endpointId: wanted };
    const { key } = await scope.endpoint(request, path);
    return await listOfMessage(deps, request.query, { ...key, messageId });
  };
  const schema = {
    tags,
    querystring: Type.Object({ ...attemptQuery, ...endpointQuery }),
    response: answers({ 200: AttemptList }),
  };
  app.get<{ Params: MessagePath; Querystring: AttemptQuery }>(
    "/app/:appId/attempt/msg/:msgId",
    {
      schema: {
        ...schema,
        operationId: "v1.message-attempt.list-by-msg",
        summary: "List the attempts of a message, newest first",
      },
    },
    ofMessage,
  );
  app.get<{ Params: MessagePath; Querystring: AttemptQuery }>(
    "/app/:appId/msg/:msgId/attempt",
    {
      schema: {
        ...schema,
        operationId: "v1.message-attempt.list-by-msg-deprecated",
        summary: "The same list at its old address",
        deprecated: true,
      },
    },
    ofMessage,
  );
}

function registerSingle(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  app.get<{ Params: AttemptPath; Querystring: { expanded_statuses?: boolean } }>(
    "/app/:appId/msg/:msgId/attempt/:attemptId",
    {
      schema: {
        tags,
        operationId: "v1.message-attempt.get",
        summary: "Get an attempt",
        querystring: Type.Object({ expanded_statuses: Type.Optional(Type.Boolean()) }),
        response: answers({ 200: AttemptOut }),
      },
    },
    async (request) => {
      const { message, applicationId } = await scope.message(request, request.params);
      const attemptId = pathName(request.params.attemptId, "Attempt");
      const { messageId } = message;
      const attempt = await getAttempt(deps.storage, { applicationId, messageId, attemptId });
      if (attempt === undefined) throw notFound("Attempt");
      return renderAttempt(attempt, {
        withContent: true,
        withMessage: false,
        expanded: request.query.expanded_statuses === true,
      });
    },
  );

  app.delete<{ Params: AttemptPath }>(
    "/app/:appId/msg/:msgId/attempt/:attemptId/content",
    {
      schema: {
        tags,
        operationId: "v1.message-attempt.expunge-content",
        summary: "Remove an attempt's response for good",
        response: answers({ 204: Nothing }),
      },
    },
    async (request, reply) => {
      const { message, applicationId } = await scope.message(request, request.params);
      const attemptId = pathName(request.params.attemptId, "Attempt");
      const { messageId } = message;
      const done = await expungeAttempt(deps.storage, { applicationId, messageId, attemptId });
      if (!done) throw notFound("Attempt");
      return await reply.code(204).send();
    },
  );
}

export function registerAttempts(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  registerLists(app, deps, scope);
  registerSingle(app, deps, scope);
}
