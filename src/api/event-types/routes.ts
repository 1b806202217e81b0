/** Event types: what can be told, with schemas (`svix-api.md` §8.4). */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { createEventType } from "../../storage/event-types/create-event-type.ts";
import { deleteEventType } from "../../storage/event-types/delete-event-type.ts";
import { findEventType } from "../../storage/event-types/find-event-type.ts";
import { listEventTypes } from "../../storage/event-types/list-event-types.ts";
import { updateEventType } from "../../storage/event-types/update-event-type.ts";
import type { ApiDeps } from "../deps.ts";
import { ApiError, invalidAt, notFound } from "../errors.ts";
import { type PageQuery, readPage, renderPage } from "../pagination.ts";
import { flagsOf, identityOf, pathName } from "../request.ts";
import { answers, Nothing, orderQuery, pageQuery } from "../schemas.ts";
import {
  EventTypeIn,
  EventTypeList,
  EventTypeOut,
  EventTypePatch,
  EventTypeUpdate,
  patchFields,
  renderEventType,
  type SentSchemas,
  toFields,
} from "./schema.ts";

const tags = ["Event Type"];
const config = { opaque: ["schemas"] };

interface NamePath {
  eventTypeName: string;
}

interface EventTypeQuery extends PageQuery {
  include_archived?: boolean;
  with_content?: boolean;
}

function sentSchemas(request: FastifyRequest, value: unknown): SentSchemas {
  if (value === undefined || value === null) return value;
  return request.slices?.get("schemas")?.toString("utf8");
}

function keyOf(request: FastifyRequest<{ Params: NamePath }>): {
  environmentId: string;
  name: string;
} {
  const name = pathName(request.params.eventTypeName, "Event type");
  return { environmentId: identityOf(request).environmentId, name };
}

function registerReads(app: FastifyInstance, { storage }: ApiDeps): void {
  app.get<{ Querystring: EventTypeQuery }>(
    "/event-type",
    {
      schema: {
        tags,
        operationId: "v1.event-type.list",
        summary: "List event types",
        querystring: Type.Object({
          ...pageQuery,
          ...orderQuery,
          include_archived: Type.Optional(Type.Boolean({ default: false })),
          with_content: Type.Optional(Type.Boolean({ default: false })),
        }),
        response: answers({ 200: EventTypeList }),
      },
    },
    async (request) => {
      const { environmentId } = identityOf(request);
      const page = readPage(request.query, { prefix: null, defaultOrder: "ascending" });
      const includeArchived = request.query.include_archived === true;
      const featureFlags = flagsOf(request);
      const list = { environmentId, includeArchived, featureFlags };
      const rows = await listEventTypes(storage, list, page.range);
      return renderPage(page, rows, {
        keyOf: (row) => row.name,
        render: (row) => renderEventType(row, request.query.with_content === true),
      });
    },
  );

  app.get<{ Params: NamePath }>(
    "/event-type/:eventTypeName",
    {
      schema: {
        tags,
        operationId: "v1.event-type.get",
        summary: "Get an event type",
        response: answers({ 200: EventTypeOut }),
      },
    },
    async (request) => {
      const { environmentId, name } = keyOf(request);
      const found = await findEventType(storage, environmentId, name, flagsOf(request));
      if (found === undefined) throw notFound("Event type");
      return renderEventType(found, true);
    },
  );
}

function registerCreate(app: FastifyInstance, { storage }: ApiDeps): void {
  app.post<{ Body: EventTypeIn }>(
    "/event-type",
    {
      config,
      schema: {
        tags,
        operationId: "v1.event-type.create",
        summary: "Create an event type, or bring an archived one back",
        body: EventTypeIn,
        response: answers({ 201: EventTypeOut }),
      },
    },
    async (request, reply) => {
      const { body } = request;
      const key = { environmentId: identityOf(request).environmentId, name: body.name };
      const fields = toFields(body, sentSchemas(request, body.schemas));
      const made = await createEventType(storage, key, fields);
      if (made === undefined) {
        throw new ApiError("event_type_exists", `The event type ${body.name} exists already.`);
      }
      reply.code(201);
      return renderEventType(made, true);
    },
  );

  app.put<{ Params: NamePath; Body: EventTypeUpdate }>(
    "/event-type/:eventTypeName",
    {
      config,
      schema: {
        tags,
        operationId: "v1.event-type.update",
        summary: "Update an event type, or create it",
        body: EventTypeUpdate,
        response: answers({ 200: EventTypeOut, 201: EventTypeOut }),
      },
    },
    async (request, reply) => {
      const key = newKeyOf(request);
      const fields = toFields(request.body, sentSchemas(request, request.body.schemas));
      const updated = await updateEventType(storage, key, () => fields);
      if (updated !== undefined) return renderEventType(updated, true);
      const made = await createEventType(storage, key, fields);
      // Another request made it in between, and was later.
      if (made === undefined) throw new ApiError("conflict", "It was created just now; try again.");
      reply.code(201);
      return renderEventType(made, true);
    },
  );
}

/** PUT may create it, so a name that cannot be one is a mistake, not an absence. */
function newKeyOf(request: FastifyRequest<{ Params: NamePath }>): ReturnType<typeof keyOf> {
  try {
    return keyOf(request);
  } catch {
    const msg = "An event type name has 1 to 256 of A-Z a-z 0-9 - _ and . characters.";
    throw invalidAt(["path", "event_type_name"], msg);
  }
}

function registerChanges(app: FastifyInstance, { storage }: ApiDeps): void {
  app.patch<{ Params: NamePath; Body: EventTypePatch }>(
    "/event-type/:eventTypeName",
    {
      config,
      schema: {
        tags,
        operationId: "v1.event-type.patch",
        summary: "Change parts of an event type",
        body: EventTypePatch,
        response: answers({ 200: EventTypeOut }),
      },
    },
    async (request) => {
      const sent = sentSchemas(request, request.body.schemas);
      const updated = await updateEventType(storage, keyOf(request), (current) =>
        patchFields(current, request.body, sent),
      );
      if (updated === undefined) throw notFound("Event type");
      return renderEventType(updated, true);
    },
  );

  app.delete<{ Params: NamePath; Querystring: { expunge?: boolean } }>(
    "/event-type/:eventTypeName",
    {
      schema: {
        tags,
        operationId: "v1.event-type.delete",
        summary: "Archive an event type, or remove it for good",
        querystring: Type.Object({ expunge: Type.Optional(Type.Boolean({ default: false })) }),
        response: answers({ 204: Nothing }),
      },
    },
    async (request, reply) => {
      const key = keyOf(request);
      const done =
        request.query.expunge === true
          ? await deleteEventType(storage, key)
          : (await updateEventType(storage, key, (current) => ({ ...current, archived: true }))) !==
            undefined;
      if (!done) throw notFound("Event type");
      return await reply.code(204).send();
    },
  );
}

export function registerEventTypes(app: FastifyInstance, deps: ApiDeps): void {
  registerReads(app, deps);
  registerCreate(app, deps);
  registerChanges(app, deps);
}
