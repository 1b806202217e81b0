/** What can be asked of messages beside publishing and reading them (`svix-api.md` §8.5). */
import type { FastifyInstance } from "fastify";
import { Type, type Static } from "typebox";
import { hasListener } from "../../storage/endpoints/has-listener.ts";
import { expungeMessages } from "../../storage/messages/expunge-messages.ts";
import type { ApiDeps } from "../deps.ts";
import { ApiError } from "../errors.ts";
import { answers, eventTypeName, messageChannels, nullable } from "../schemas.ts";
import type { ApplicationPath, MessagePath, Scope } from "../scope.ts";

const tags = ["Message"];
const EXPUNGED_MAX = 500;

const BulkExpungeIn = Type.Object(
  {
    ids: Type.Optional(
      nullable(
        Type.Array(
          Type.String({
            pattern: "^[a-zA-Z0-9\\-_.]+$",
            maxLength: 256,
            description: "An id or eventId.",
          }),
          { maxItems: EXPUNGED_MAX },
        ),
      ),
    ),
  },
  { title: "BulkExpungeContentsIn" },
);
const BulkExpungeOut = Type.Object(
  {
    results: Type.Unsafe<Record<string, "expunged" | "not-found">>({
      type: "object",
      additionalProperties: { type: "string", enum: ["expunged", "not-found"] },
    }),
  },
  { title: "BulkExpungeContentsOut" },
);
const PrecheckIn = Type.Object(
  { eventType: eventTypeName, channels: Type.Optional(nullable(messageChannels)) },
  { title: "MessagePrecheckIn" },
);
const PrecheckOut = Type.Object({ active: Type.Boolean() }, { title: "MessagePrecheckOut" });
type BulkExpungeIn = Static<typeof BulkExpungeIn>;
type PrecheckIn = Static<typeof PrecheckIn>;

function registerExpunge(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  app.post<{ Params: ApplicationPath; Body: BulkExpungeIn }>(
    "/app/:appId/msg/bulk-expunge",
    {
      schema: {
        tags,
        operationId: "v1.message.bulk-expunge-content",
        summary: "Remove the payloads of several messages for good",
        body: BulkExpungeIn,
        response: answers({ 200: BulkExpungeOut }),
      },
    },
    async (request) => {
      const { applicationId } = await scope.application(request, request.params);
      const ids = request.body.ids ?? [];
      const found = await expungeMessages(deps.storage, applicationId, ids);
      const results = ids.map((id) => [id, found.has(id) ? "expunged" : "not-found"] as const);
      return { results: Object.fromEntries(results) };
    },
  );
}

function registerPrecheck(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  app.post<{ Params: ApplicationPath; Body: PrecheckIn }>(
    "/app/:appId/msg/precheck/active",
    {
      schema: {
        tags,
        operationId: "v1.message.precheck",
        summary: "Would any endpoint be sent such a message?",
        body: PrecheckIn,
        response: answers({ 200: PrecheckOut }),
      },
    },
    async (request) => {
      const { applicationId } = await scope.application(request, request.params);
      const { eventType, channels } = request.body;
      const message = { applicationId, eventType, channels: channels ?? null };
      return { active: await hasListener(deps.storage, message) };
    },
  );
}

function registerRaw(app: FastifyInstance, scope: Scope): void {
  app.get<{ Params: MessagePath }>(
    "/app/:appId/msg/:msgId/raw",
    {
      schema: {
        tags,
        operationId: "v1.message.get-raw-payload",
        summary: "Get a raw payload",
        description: "Byte for byte as it is signed and sent.",
        response: answers({ 200: Type.Unsafe<object>({ type: "object" }) }),
      },
    },
    async (request, reply) => {
      const { message } = await scope.message(request, request.params, true);
      if (message.payload !== null) {
        return await reply.header("content-type", "application/json").send(message.payload);
      }
      throw new ApiError("missing_payload", "The payload is expunged.");
    },
  );
}

export function registerMessageBatches(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  registerExpunge(app, deps, scope);
  registerPrecheck(app, deps, scope);
  registerRaw(app, scope);
}
