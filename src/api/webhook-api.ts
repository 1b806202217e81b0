/** The webhook API, `/api/v1`: Svix's REST API, so that its clients work unchanged (`svix-api.md`). */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { registerAdmin } from "./admin-routes.ts";
import { registerApplications } from "./applications/routes.ts";
import { registerDestinations } from "./attempts/destination-routes.ts";
import { registerAttempts } from "./attempts/routes.ts";
import type { ApiDeps } from "./deps.ts";
import { registerEndpointActivity } from "./endpoints/activity-routes.ts";
import { registerEndpointPlaces } from "./endpoints/places.ts";
import { logError, sendError, toApiError } from "./error-handling.ts";
import { ApiError } from "./errors.ts";
import { registerEventTypes } from "./event-types/routes.ts";
import { registerHealth } from "./health.ts";
import { installIdempotency } from "./idempotency.ts";
import { writeJson } from "./json-text.ts";
import { registerMessageBatches } from "./messages/batch-routes.ts";
import { registerMessages } from "./messages/routes.ts";
import { registerNotImplemented } from "./not-implemented.ts";
import { registerOpenApi } from "./openapi-route.ts";
import { registerReplays } from "./tasks/replay-routes.ts";
import { registerTasks } from "./tasks/routes.ts";
import { Scope } from "./scope.ts";

export const WEBHOOK_API_PATH = "/api/v1";
const CORS_SECONDS = 600;

/**
 * Portals call this API from browsers on any origin. Keys are sent by scripts on purpose, never by the
 * browser itself, so an open origin gives nothing away.
 */
export async function allowOrigins(
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  if (!request.url.startsWith(`${WEBHOOK_API_PATH}/`)) return undefined;
  reply.header("access-control-allow-origin", "*");
  if (request.method !== "OPTIONS") return undefined;
  const asked = request.headers["access-control-request-headers"];
  reply.headers({
    "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "access-control-max-age": String(CORS_SECONDS),
    vary: "access-control-request-headers",
    ...(asked !== undefined && { "access-control-allow-headers": asked }),
  });
  return await reply.code(204).send();
}

const READS = new Set(["GET", "HEAD"]);

function checkScope(request: FastifyRequest, scope: "full" | "read"): void {
  const { access } = request.routeOptions.config;
  if (scope === "full" || (READS.has(request.method) && access !== "full")) return;
  throw new ApiError("insufficient access", "This key may only read; use a key with full access.");
}

function installAuthentication(app: FastifyInstance, { authenticate }: ApiDeps): void {
  app.addHook("onRequest", async (request) => {
    if (request.routeOptions.config.access === "none") return;
    const answer = await authenticate(request.headers);
    if (!answer.ok) {
      const detail =
        answer.reason === "missing"
          ? "No API key: send `Authorization: Bearer KEY`."
          : "Invalid token";
      throw new ApiError("authentication_failed", detail);
    }
    request.identity = answer.identity;
    checkScope(request, answer.identity.scope);
  });
}

/** All of the webhook API, in a context of its own. */
export async function webhookApi(app: FastifyInstance, deps: ApiDeps): Promise<void> {
  const scope = new Scope(deps.storage, deps.clock);
  // Response schemas only describe: what we write is already of their shape.
  app.setSerializerCompiler(() => writeJson);
  app.setReplySerializer(writeJson);
  app.setErrorHandler(async (error, request, reply) => {
    const refusal = toApiError(error);
    logError(deps.log, request, refusal);
    return await sendError(reply, refusal);
  });
  installAuthentication(app, deps);
  installIdempotency(app, deps.storage, deps.clock);
  app.addHook("onSend", async (_request, reply, payload) => {
    // Exactly this, without a charset: JSON has none.
    if (typeof payload === "string") reply.header("content-type", "application/json");
    return payload;
  });
  registerAdmin(app);
  registerHealth(app, deps);
  registerOpenApi(app);
  registerApplications(app, deps, scope);
  registerEndpointPlaces(app, deps, scope);
  registerEndpointActivity(app, deps, scope);
  registerEventTypes(app, deps);
  registerMessages(app, deps, scope);
  registerMessageBatches(app, deps, scope);
  registerAttempts(app, deps, scope);
  registerDestinations(app, deps, scope);
  registerReplays(app, deps, scope);
  registerTasks(app, deps);
  registerNotImplemented(app);
}
