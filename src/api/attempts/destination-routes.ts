/** How messages stand with endpoints, and sending one again (`svix-api.md` §8.6). */
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { bucketOf } from "../../core/bucket.ts";
import { listDestinations } from "../../storage/attempts/list-destinations.ts";
import { listEndpointMessages } from "../../storage/attempts/list-endpoint-messages.ts";
import type { ApiDeps } from "../deps.ts";
import { refuseDisabled } from "../endpoints/activity-routes.ts";
import { ApiError } from "../errors.ts";
import { type MessageFilterQuery, messageFilter, messageFilterQuery } from "../messages/routes.ts";
import { type PageQuery, readPage, renderPage } from "../pagination.ts";
import { answers, Empty, pageQuery, timeQuery } from "../schemas.ts";
import type { EndpointPath, MessagePath, Scope } from "../scope.ts";
import {
  DestinationList,
  EndpointMessageList,
  renderDestination,
  renderEndpointMessage,
  status,
  statusFilter,
} from "./schema.ts";
import { waitingFor } from "./waiting-for.ts";

const tags = ["Message Attempt"];

interface MessagesQuery extends PageQuery, MessageFilterQuery {
  status?: number;
  with_content?: boolean;
  expanded_statuses?: boolean;
}

function registerMessageList(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  app.get<{ Params: EndpointPath; Querystring: MessagesQuery }>(
    "/app/:appId/endpoint/:endpointId/msg",
    {
      schema: {
        tags,
        operationId: "v1.message-attempt.list-attempted-messages",
        summary: "List an endpoint's messages",
        description: "Newest first, each with how it stands there.",
        querystring: Type.Object({
          ...pageQuery,
          ...timeQuery,
          ...messageFilterQuery,
          status: Type.Optional(status),
          with_content: Type.Optional(Type.Boolean({ default: true })),
          expanded_statuses: Type.Optional(Type.Boolean()),
        }),
        response: answers({ 200: EndpointMessageList }),
      },
    },
    async (request) => {
      const { query } = request;
      const now = deps.clock.now();
      const page = readPage(query, { prefix: "msg_", defaultOrder: "descending", now });
      const { key, endpoint } = await scope.endpoint(request, request.params);
      const withContent = query.with_content ?? true;
      const rows = await listEndpointMessages(
        deps.storage,
        {
          ...key,
          ...messageFilter(query),
          statuses: statusFilter(query.status, query.expanded_statuses),
          withContent,
        },
        page.range,
      );
      return renderPage(page, rows, {
        keyOf: (row) => row.message.messageId,
        render: (row) => {
          const { deliverAt } = row.message;
          const owed = { ...endpoint, nextAttemptAt: row.nextAttemptAt, deliverAt };
          const waitsFor = waitingFor(deps, owed, now);
          const expanded = query.expanded_statuses === true;
          return renderEndpointMessage(row, { withContent, expanded, waitsFor });
        },
      });
    },
  );
}

function registerDestinationList(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  app.get<{ Params: MessagePath; Querystring: PageQuery & { expanded_statuses?: boolean } }>(
    "/app/:appId/msg/:msgId/endpoint",
    {
      schema: {
        tags,
        operationId: "v1.message-attempt.list-attempted-destinations",
        summary: "List a message's endpoints",
        description: "With how it stands at each; deleted endpoints are shown as well.",
        querystring: Type.Object({
          ...pageQuery,
          expanded_statuses: Type.Optional(Type.Boolean()),
        }),
        response: answers({ 200: DestinationList }),
      },
    },
    async (request) => {
      const page = readPage(request.query, { prefix: "ep_", defaultOrder: "ascending" });
      const { message, applicationId } = await scope.message(request, request.params);
      const key = { applicationId, messageId: message.messageId };
      const expanded = request.query.expanded_statuses === true;
      const rows = await listDestinations(deps.storage, key, page.range);
      return renderPage(page, rows, {
        keyOf: (row) => row.endpoint.endpointId,
        render: (row) => {
          const { nextAttemptAt, endpoint } = row;
          const owed = { ...endpoint, nextAttemptAt, deliverAt: message.deliverAt };
          const waitsFor = waitingFor(deps, owed, deps.clock.now());
          return renderDestination(row, { expanded, waitsFor });
        },
      });
    },
  );
}

function registerResend(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  app.post<{ Params: EndpointPath & MessagePath }>(
    "/app/:appId/msg/:msgId/endpoint/:endpointId/resend",
    {
      schema: {
        tags,
        operationId: "v1.message-attempt.resend",
        summary: "Resend a message",
        description: "One attempt to this endpoint, now, whatever became of the ones before.",
        response: answers({ 202: Empty }),
      },
    },
    async (request, reply) => {
      const { endpoint, key } = await scope.endpoint(request, request.params);
      const { message } = await scope.message(request, request.params);
      const { messageId } = message;
      if (message.expired) {
        throw new ApiError("missing_payload", "The payload is expunged; publish the event again.");
      }
      if (endpoint.disabled) refuseDisabled(endpoint);
      await deps.engine.resend({ ...key, messageId, bucket: bucketOf(endpoint.endpointId) });
      reply.code(202);
      return {};
    },
  );
}

export function registerDestinations(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  registerMessageList(app, deps, scope);
  registerDestinationList(app, deps, scope);
  registerResend(app, deps, scope);
}
