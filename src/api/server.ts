/**
 * The HTTP server: one fastify instance with what all APIs share (body parser, validation, request
 * ids, logs, answers to nonsense). Each API is a context of its own, with its own shape of errors.
 */
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { installAdmission } from "./admission.ts";
import { installBodyParser } from "./body-parser.ts";
import { registerPages } from "./dashboard/page-routes.ts";
import type { ApiDeps } from "./deps.ts";
import { registerDocs } from "./docs-page/routes.ts";
import { answerClientError, logError, sendError, toApiError } from "./error-handling.ts";
import { ApiError } from "./errors.ts";
import { installFarewell } from "./farewell.ts";
import { installFastPath, takeConnections } from "./fast-path/install.ts";
import { writeJson } from "./json-text.ts";
import { registerLanding } from "./landing/routes.ts";
import { registerMetrics } from "./metrics-route.ts";
import { allowOrigins, OPEN_TO_ALL_ORIGINS, WEBHOOK_API_PATH } from "./open-origins.ts";
import { decorateRoute, pathOf } from "./request.ts";
import { createRequestWatch, watchRequests } from "./request-watch.ts";
import { RouteTable } from "./route-table.ts";
import { SECURITY_HEADERS, strictTransport } from "./security-headers.ts";
import { installTracing } from "./tracing.ts";
import { compileValidator } from "./validation.ts";
import { webhookApi } from "./webhook-api.ts";

const HEADER_BYTES_MAX = 16_384;
/** Checked once a second, so a dripping request is closed before 10 s. */
const HEADERS_MS_MAX = 8_000;
const REQUEST_MS_MAX = 60_000;
const CHECK_MS = 1_000;
/** The longest uid. */
const PARAMETER_LENGTH_MAX = 256;
const REQUEST_ID_BYTES = 6;

/** Ids of this process's requests. */
function createRequestIds(random: ApiDeps["random"]): () => string {
  const start = random(REQUEST_ID_BYTES).toString("hex");
  let requests = 0;
  return () => {
    requests += 1;
    return `req_${start}${requests.toString(36).padStart(6, "0")}`;
  };
}

function makeServer(deps: ApiDeps, nextRequestId: () => string): FastifyInstance {
  return fastify({
    // We log ourselves: fastify would make a child logger for every request.
    logger: false,
    genReqId: nextRequestId,
    requestTimeout: REQUEST_MS_MAX,
    http: {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: HEADERS_MS_MAX,
      connectionsCheckingInterval: CHECK_MS,
    },
    routerOptions: {
      ignoreTrailingSlash: true,
      maxParamLength: PARAMETER_LENGTH_MAX,
    },
    // Whoever still asks while we stop is answered; `installFarewell` ends the connection.
    return503OnClosing: false,
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => {
      // No hook has run.
      reply.headers({ ...SECURITY_HEADERS, ...strictTransport(deps.publicUrl()) });
      if (request.url.startsWith(`${WEBHOOK_API_PATH}/`)) reply.headers(OPEN_TO_ALL_ORIGINS);
      void sendRootError(deps, request, reply, toApiError(error));
    },
  });
}

/** A refusal before any API was chosen, in the shape of the API that the path belongs to. */
function sendRootError(
  deps: ApiDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  error: ApiError,
): FastifyReply {
  if (pathOf(request.url).startsWith("/api/")) return sendError(reply, error);
  return reply
    .code(error.status)
    .headers(error.headers)
    .type("application/json")
    .serializer(writeJson)
    .send({
      success: false,
      error: { code: error.code.toUpperCase(), message: error.message },
      meta: {
        requestId: request.id,
        environment: null,
        timestamp: new Date(deps.clock.now()).toISOString(),
        latencyMs: Math.round(reply.elapsedTime),
      },
    });
}

function installRefusals(app: FastifyInstance, deps: ApiDeps, routes: RouteTable): void {
  app.setNotFoundHandler((request, reply) => {
    const methods = routes.methodsOf(pathOf(request.url));
    const { method } = request;
    const error =
      methods.length === 0 || methods.includes(method)
        ? new ApiError("not_found", `There is nothing at ${method} of this path.`)
        : new ApiError("method_not_allowed", `${method} is not possible here.`, {
            allow: methods.join(", "),
          });
    return sendRootError(deps, request, reply, error);
  });
  app.setErrorHandler((error, request, reply) => {
    const refusal = toApiError(error);
    logError(deps.log, request, refusal);
    return sendRootError(deps, request, reply, refusal);
  });
}

/** The routes of a server, for the OpenAPI description and tests. */
const tables = new WeakMap<FastifyInstance, RouteTable>();

/** Every route of `app` that was made by `createApi`. */
export function routesOf(app: FastifyInstance): RouteTable {
  const table = tables.get(app);
  if (table === undefined) throw new Error("This server was not made by createApi.");
  return table;
}

/** The whole HTTP server; it does not listen yet. */
export function createApi(deps: ApiDeps): FastifyInstance {
  const nextRequestId = createRequestIds(deps.random);
  const app = makeServer(deps, nextRequestId);
  // A span needs the asynchronous context of the usual way.
  const handOver = deps.tracer === undefined ? takeConnections(app.server) : undefined;
  const routes = new RouteTable(app);
  tables.set(app, routes);
  decorateRoute(app);
  app.decorateRequest("identity", null);
  app.setValidatorCompiler(compileValidator);
  const isClosing = installFarewell(app, deps.farewellMs);
  app.addHook("onRequest", (_request, reply, done) => {
    reply.headers(SECURITY_HEADERS).headers(strictTransport(deps.publicUrl()));
    done();
  });
  const watch = createRequestWatch(deps);
  watchRequests(app, watch);
  installTracing(app, deps.tracer);
  app.addHook("onRequest", allowOrigins);
  installBodyParser(app);
  const admission = installAdmission(app, deps);
  installRefusals(app, deps, routes);
  const { assets, portalEmbed = [] } = deps.pages ?? {};
  registerLanding(app, { version: deps.version, hasDashboard: assets !== undefined });
  registerPages(app, { assets, portalEmbed });
  registerDocs(app, deps.version);
  if (deps.metricsRoute !== undefined) {
    registerMetrics(app, deps.metricsRoute, deps.authenticate);
  }
  app.decorate("fastRoutes", []);
  if (handOver !== undefined) {
    const firstRequestMs = HEADERS_MS_MAX;
    const front = { handOver, firstRequestMs, admission, watch, nextRequestId, isClosing };
    installFastPath(app, deps, front);
  }
  // Loaded when the server gets ready; a failure surfaces there.
  void app.register(async (api) => await webhookApi(api, deps), { prefix: WEBHOOK_API_PATH });
  for (const register of deps.routes ?? []) void app.register(register);
  return app;
}
