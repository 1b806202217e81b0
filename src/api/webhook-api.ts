/** The webhook API, `/api/v1`: Svix's REST API, so that its clients work unchanged (`svix-api.md`). */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { TenantWall } from "../storage/tenant-wall.ts";
import { checkPortal, checkScope } from "./access.ts";
import { registerAdmin } from "./admin-routes.ts";
import { registerApiKeys } from "./api-keys/routes.ts";
import { registerApplications } from "./applications/routes.ts";
import { registerDestinations } from "./attempts/destination-routes.ts";
import { registerAttemptHeaders } from "./attempts/headers-route.ts";
import { registerAttempts } from "./attempts/routes.ts";
import type { Authentication } from "./identity.ts";
import { registerDashboard } from "./dashboard/routes.ts";
import type { ApiDeps } from "./deps.ts";
import { registerEndpointActivity } from "./endpoints/activity-routes.ts";
import { registerEndpointSetup } from "./endpoints/setup-routes.ts";
import { registerEndpointPlaces } from "./endpoints/places.ts";
import { logError, sendError, toApiError } from "./error-handling.ts";
import { ApiError } from "./errors.ts";
import { registerEventTypes } from "./event-types/routes.ts";
import { NodeHealth, registerHealth } from "./health.ts";
import { authenticating } from "./hooks.ts";
import { installIdempotency } from "./idempotency.ts";
import { writeJson } from "./json-text.ts";
import { registerIssues } from "./issues/routes.ts";
import { registerDeliveryLog } from "./log/routes.ts";
import { registerLive } from "./live/routes.ts";
import { registerMessageBatches } from "./messages/batch-routes.ts";
import { FastPublish } from "./messages/fast-publish.ts";
import { registerMessages } from "./messages/routes.ts";
import { registerNotImplemented } from "./not-implemented.ts";
import { registerOpenApi } from "./openapi-route.ts";
import { registerPortalAccess } from "./portal/routes.ts";
import { callerOf } from "./request.ts";
import { registerEnabling } from "./tasks/enable-routes.ts";
import { registerSystem } from "./system/routes.ts";
import { registerReplays } from "./tasks/replay-routes.ts";
import { registerStatistics } from "./statistics/routes.ts";
import { registerTasks } from "./tasks/routes.ts";
import { Scope } from "./scope.ts";

function refusalOf(answer: Extract<Authentication, { ok: false }>): ApiError {
  if (answer.reason === "invalid" || answer.reason === "refused")
    return new ApiError(answer.code, answer.detail);
  if (answer.reason === "limited") return new ApiError("rate_limited", answer.detail, answer);
  const detail = "No API key: send `Authorization: Bearer KEY`.";
  return new ApiError("authentication_failed", detail);
}

function installAuthentication(
  app: FastifyInstance,
  { authenticate, storage }: ApiDeps,
  wall: TenantWall,
): void {
  const admit = (request: FastifyRequest, answer: Authentication): Promise<void> | undefined => {
    if (!answer.ok) throw refusalOf(answer);
    const { identity } = answer;
    request.identity = identity;
    checkScope(identity, request);
    const { portal } = identity;
    if (portal === null) return undefined;
    return wall.run(callerOf(identity), () => checkPortal(storage, { identity, portal }, request));
  };
  app.addHook("onRequest", authenticating(authenticate, admit));
  // Not before: while a body comes in, Node forgets for whom.
  app.addHook("preHandler", (request, _reply, done) => {
    if (request.identity === null) done();
    else wall.run(callerOf(request.identity), done);
  });
}

/** All of the webhook API, in a context of its own. */
export async function webhookApi(app: FastifyInstance, options: ApiDeps): Promise<void> {
  const wall = new TenantWall();
  const deps = { ...options, storage: options.storage.guarded(wall) };
  const scope = new Scope(deps.storage, deps.clock);
  app.fastRoutes.push(new FastPublish(deps, scope, wall));
  // Response schemas only describe: what we write is already of their shape.
  app.setSerializerCompiler(() => writeJson);
  app.setReplySerializer(writeJson);
  app.setErrorHandler(async (error, request, reply) => {
    const refusal = toApiError(error);
    logError(deps.log, request, refusal);
    return await sendError(reply, refusal);
  });
  installAuthentication(app, deps, wall);
  installIdempotency(app, deps.storage, deps.clock);
  app.addHook("onSend", (_request, reply, payload, done) => {
    // Exactly this, without a charset: JSON has none.
    if (typeof payload === "string") reply.header("content-type", "application/json");
    done(null, payload);
  });
  registerAdmin(app);
  registerDashboard(app, options);
  const health = new NodeHealth(deps);
  registerHealth(app, health);
  registerSystem(app, options, health);
  registerOpenApi(app);
  registerApiKeys(app, deps);
  registerApplications(app, deps, scope);
  registerEndpointPlaces(app, deps, scope);
  registerEndpointActivity(app, deps, scope);
  registerEndpointSetup(app, deps, scope);
  registerStatistics(app, deps, scope);
  registerEventTypes(app, deps);
  registerLive(app, options, scope);
  registerMessages(app, deps, scope);
  registerMessageBatches(app, deps, scope);
  registerAttempts(app, deps, scope);
  registerAttemptHeaders(app, deps, scope);
  registerDestinations(app, deps, scope);
  registerDeliveryLog(app, deps, scope);
  registerIssues(app, deps, scope);
  registerPortalAccess(app, deps, scope);
  registerReplays(app, deps, scope);
  registerEnabling(app, deps, scope);
  registerTasks(app, deps);
  registerNotImplemented(app);
}
