/**
 * What Svix's clients can ask for and Amps has not built: a clear 501 instead of a 404 that looks
 * like a mistake of the caller (`svix-api.md` §8). Anything below one of these paths is meant too.
 */
import type { FastifyInstance } from "fastify";
import { ApiError } from "./errors.ts";

export const NOT_IMPLEMENTED: readonly string[] = [
  "/app/:appId/attempt/endpoint/:endpointId/count",
  "/app/:appId/auto-config",
  "/app/:appId/autoconfig",
  "/app/:appId/destination",
  "/app/:appId/endpoint/:endpointId/auto-config",
  "/app/:appId/endpoint/:endpointId/ca",
  "/app/:appId/endpoint/:endpointId/cancel-msgs",
  "/app/:appId/endpoint/:endpointId/msg/test-attempt",
  "/app/:appId/endpoint/:endpointId/mtls",
  "/app/:appId/endpoint/:endpointId/oauth",
  "/app/:appId/endpoint/:endpointId/rate-limit-status",
  "/app/:appId/endpoint/:endpointId/transformation",
  "/app/:appId/events",
  "/app/:appId/integration",
  "/app/:appId/msg/:msgId/attempt/:attemptId/headers",
  "/app/:appId/msg/search",
  "/app/:appId/poller",
  "/app/:appId/polling-endpoint",
  "/auth/app/:appId/poller",
  "/auth/create-message-token",
  "/auth/mcp-token",
  "/auth/one-time-token",
  "/auth/whoami",
  "/connector",
  "/environment",
  "/event-type/:eventTypeName/retry-schedule",
  "/event-type/export",
  "/event-type/import",
  "/events",
  "/ingest",
  "/management",
  "/msg/broadcast",
  "/stats",
  "/stream",
];

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];

export function registerNotImplemented(app: FastifyInstance): void {
  for (const path of NOT_IMPLEMENTED) {
    for (const url of [path, `${path}/*`]) {
      app.route({
        method: METHODS,
        url,
        // The body does not matter, nor does it have to be readable.
        config: { ownIdempotency: true },
        schema: { hide: true },
        handler: () => {
          throw new ApiError("not_implemented", "Amps does not have this operation yet.");
        },
      });
    }
  }
}
