/** What an endpoint has been doing, and sending it an example (`svix-api.md` §8.2). */
import type { FastifyInstance } from "fastify";
import { Type, type Static } from "typebox";
import { bucketOf } from "../../core/bucket.ts";
import { firstIdAt } from "../../core/ids.ts";
import { countAttempts } from "../../storage/attempts/count-attempts.ts";
import type { Endpoint } from "../../storage/endpoints/endpoint.ts";
import { findEventType } from "../../storage/event-types/find-event-type.ts";
import type { ApiDeps } from "../deps.ts";
import { ApiError, notFound } from "../errors.ts";
import { MessageOut, renderMessage } from "../messages/schema.ts";
import { identityOf } from "../request.ts";
import { answers, dateTime, eventTypeName } from "../schemas.ts";
import type { EndpointPath, Scope } from "../scope.ts";
import { DAY_MS, readTime, SLACK_MS, spanProblem, type TimeSpan } from "../time-span.ts";

const tags = ["Endpoint"];
const STATS_DAYS_MAX = 28;

const EndpointStats = Type.Object(
  {
    success: Type.Integer(),
    pending: Type.Integer({ description: "Always 0: nothing is ever pending here." }),
    sending: Type.Integer({ description: "Failed, and tried again." }),
    fail: Type.Integer(),
    canceled: Type.Integer({ description: "Not sent: the payload was expunged before." }),
  },
  { title: "EndpointStats", description: "Attempts by how they ended." },
);
const EventExampleIn = Type.Object(
  {
    eventType: eventTypeName,
    exampleIndex: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000, default: 0 })),
  },
  { title: "EventExampleIn" },
);
type EventExampleIn = Static<typeof EventExampleIn>;

/** 409: nothing can be sent to it as it is. */
export function refuseDisabled(endpoint: Endpoint): never {
  const why = endpoint.disabledReason ?? "manual";
  const detail = `The endpoint is disabled (${why}); enable it with PATCH {"disabled": false} first.`;
  throw new ApiError("endpoint_disabled", detail);
}

/** @throws 400 `invalid_range` */
function statsSpan(query: { since?: string; until?: string }, now: number): TimeSpan {
  const until = query.until === undefined ? now : readTime(["query", "until"], query.until);
  const since =
    query.since === undefined
      ? until - STATS_DAYS_MAX * DAY_MS
      : readTime(["query", "since"], query.since);
  const future = until > now + SLACK_MS ? "until must not be in the future." : undefined;
  const problem = future ?? spanProblem({ since, until }, STATS_DAYS_MAX);
  if (problem !== undefined) throw new ApiError("invalid_range", problem);
  return { since, until };
}

function registerStats(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  app.get<{ Params: EndpointPath; Querystring: { since?: string; until?: string } }>(
    "/app/:appId/endpoint/:endpointId/stats",
    {
      schema: {
        tags,
        operationId: "v1.endpoint.get-stats",
        summary: "Count attempts",
        description: "By how they ended; of the last 28 days, or of a span of at most that.",
        querystring: Type.Object({
          since: Type.Optional(dateTime),
          until: Type.Optional(dateTime),
        }),
        response: answers({ 200: EndpointStats }),
      },
    },
    async (request) => {
      const span = statsSpan(request.query, deps.clock.now());
      const { key } = await scope.endpoint(request, request.params);
      const counts = await countAttempts(deps.storage, key, {
        lower: firstIdAt("atmpt_", span.since),
        // What happened in the very millisecond of "now" counts.
        upper: firstIdAt("atmpt_", span.until + 4),
      });
      return { ...counts, pending: 0 };
    },
  );
}

/** @throws 400 `invalid_scheme` when there is no such example */
function exampleOf(schemas: string | null, index: number): Buffer {
  // Stored as it was sent: an object, whatever is in it.
  const versions = JSON.parse(schemas ?? "{}") as Record<string, { examples?: unknown } | null>;
  const examples = versions["1"]?.examples;
  const example: unknown = Array.isArray(examples) ? examples[index] : undefined;
  if (typeof example === "object" && example !== null && !Array.isArray(example)) {
    return Buffer.from(JSON.stringify(example));
  }
  const detail =
    `The event type has no example ${index}: ` +
    'put a list of objects under schemas["1"].examples.';
  throw new ApiError("invalid_scheme", detail);
}

function registerSendExample(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  app.post<{ Params: EndpointPath; Body: EventExampleIn }>(
    "/app/:appId/endpoint/:endpointId/send-example",
    {
      schema: {
        tags,
        operationId: "v1.endpoint.send-example",
        summary: "Send an example",
        description: "An example of the event type goes to this endpoint, and to no other.",
        body: EventExampleIn,
        response: answers({ 200: MessageOut }),
      },
    },
    async (request) => {
      const { environmentId } = identityOf(request);
      const { endpoint, key } = await scope.endpoint(request, request.params);
      const { eventType, exampleIndex = 0 } = request.body;
      const found = await findEventType(deps.storage, environmentId, eventType);
      if (found === undefined) throw notFound("Event type");
      const payload = exampleOf(found.schemas, exampleIndex);
      const bucket = bucketOf(endpoint.endpointId);
      const outcome = await deps.engine.publishTo({ ...key, bucket, eventType, payload });
      if (outcome.kind === "not_sendable") refuseDisabled(endpoint);
      const { messageId, createdAt } = outcome;
      const message = { messageId, eventType, payload, createdAt, deliverAt: null, eventId: null };
      return renderMessage({ ...message, channels: null, tags: null, expired: false }, true);
    },
  );
}

export function registerEndpointActivity(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  registerStats(app, deps, scope);
  registerSendExample(app, deps, scope);
}
