/** Messages: what is told (`svix-api.md` §8.5). */
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { expungeMessage } from "../../storage/messages/expunge-message.ts";
import { listMessages } from "../../storage/messages/list-messages.ts";
import type { ApiDeps } from "../deps.ts";
import { type PageQuery, readPage, renderPage } from "../pagination.ts";
import {
  answers,
  channelFilter,
  eventTypeName,
  Nothing,
  pageQuery,
  tagFilter,
  timeQuery,
} from "../schemas.ts";
import type { ApplicationPath, MessagePath, Scope } from "../scope.ts";
import { publish } from "./publish.ts";
import { MessageIn, MessageList, MessageOut, OPAQUE_MEMBERS, renderMessage } from "./schema.ts";

const tags = ["Message"];
/** By default true, as Svix has it; its newer clients always say. */
const contentQuery = { with_content: Type.Optional(Type.Boolean({ default: true })) };

/** Filters by what a message is; shared with the lists of attempts. */
export const messageFilterQuery = {
  channel: Type.Optional(channelFilter),
  tag: Type.Optional(tagFilter),
  event_types: Type.Optional(Type.Array(eventTypeName)),
};
export interface MessageFilterQuery {
  channel?: string;
  tag?: string;
  event_types?: string[];
}

/** The filter as storage takes it; no event types named is no filter. */
export function messageFilter(query: MessageFilterQuery): {
  channel: string | null;
  tag: string | null;
  eventTypes: string[] | null;
} {
  const eventTypes = query.event_types ?? [];
  return {
    channel: query.channel ?? null,
    tag: query.tag ?? null,
    eventTypes: eventTypes.length === 0 ? null : eventTypes,
  };
}

type ListQuery = PageQuery & MessageFilterQuery & { with_content?: boolean };

function registerReads(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  app.get<{ Params: ApplicationPath; Querystring: ListQuery }>(
    "/app/:appId/msg",
    {
      schema: {
        tags,
        operationId: "v1.message.list",
        summary: "List messages, newest first",
        querystring: Type.Object({
          ...pageQuery,
          ...messageFilterQuery,
          ...timeQuery,
          ...contentQuery,
        }),
        response: answers({ 200: MessageList }),
      },
    },
    async (request) => {
      const { query } = request;
      const page = readPage(query, {
        prefix: "msg_",
        defaultOrder: "descending",
        now: deps.clock.now(),
      });
      const { applicationId } = await scope.application(request, request.params);
      const withContent = query.with_content ?? true;
      const list = { applicationId, withContent, ...messageFilter(query) };
      const rows = await listMessages(deps.storage, list, page.range);
      return renderPage(page, rows, {
        keyOf: (row) => row.messageId,
        render: (row) => renderMessage(row, withContent),
      });
    },
  );

  app.get<{ Params: MessagePath; Querystring: { with_content?: boolean } }>(
    "/app/:appId/msg/:msgId",
    {
      schema: {
        tags,
        operationId: "v1.message.get",
        summary: "Get a message by its id or eventId",
        querystring: Type.Object(contentQuery),
        response: answers({ 200: MessageOut }),
      },
    },
    async (request) => {
      const withContent = request.query.with_content ?? true;
      const { message } = await scope.message(request, request.params, withContent);
      return renderMessage(message, withContent);
    },
  );
}

function registerWrites(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  app.post<{ Params: ApplicationPath; Querystring: { with_content?: boolean }; Body: MessageIn }>(
    "/app/:appId/msg",
    {
      config: { opaque: OPAQUE_MEMBERS, ownIdempotency: true, intake: true },
      schema: {
        tags,
        operationId: "v1.message.create",
        summary: "Publish a message",
        description:
          "Answered once the message and its deliveries are stored. " +
          "The payload is signed and sent byte for byte as it is written.",
        querystring: Type.Object(contentQuery),
        body: MessageIn,
        response: answers({ 202: MessageOut }),
      },
    },
    async (request, reply) => {
      const { message, isObject } = await publish(deps, scope, request);
      reply.code(202);
      return renderMessage(message, request.query.with_content ?? true, isObject);
    },
  );

  app.delete<{ Params: MessagePath }>(
    "/app/:appId/msg/:msgId/content",
    {
      schema: {
        tags,
        operationId: "v1.message.expunge-content",
        summary: "Remove a message's payload for good",
        response: answers({ 204: Nothing }),
      },
    },
    async (request, reply) => {
      const { message, applicationId } = await scope.message(request, request.params);
      await expungeMessage(deps.storage, { applicationId, messageId: message.messageId });
      return await reply.code(204).send();
    },
  );
}

export function registerMessages(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  registerReads(app, deps, scope);
  registerWrites(app, deps, scope);
}
