/**
 * What Svix's clients can ask for and Amps has not built: a clear 501 instead of a 404 that looks
 * like a mistake of the caller (`svix-api.md` §8). Anything below one of these paths is meant too.
 */
import type { FastifyInstance } from "fastify";
import { ApiError } from "./errors.ts";

/** Path → what it would be; docs/webhook-api.md names each. */
export const NOT_IMPLEMENTED: Readonly<Record<string, string>> = {
  "/app/:appId/attempt/endpoint/:endpointId/count":
    "attempt counts; `…/stats` counts them by status",
  "/app/:appId/auto-config": "auto-config",
  "/app/:appId/autoconfig": "auto-config",
  "/app/:appId/destination": "destinations; endpoints are",
  "/app/:appId/endpoint/:endpointId/attempt-stats": "hourly attempt statistics; `…/stats` is there",
  "/app/:appId/endpoint/:endpointId/auto-config": "auto-config",
  "/app/:appId/endpoint/:endpointId/ca": "mTLS",
  "/app/:appId/endpoint/:endpointId/cancel-msgs":
    "cancel-msgs; expunging a message's content cancels it",
  "/app/:appId/endpoint/:endpointId/msg/test-attempt": "test attempts; `…/send-example` is there",
  "/app/:appId/endpoint/:endpointId/mtls": "mTLS",
  "/app/:appId/endpoint/:endpointId/oauth": "OAuth of endpoints; a custom header can carry a token",
  "/app/:appId/endpoint/:endpointId/rate-limit-status": "rate-limit-status",
  "/app/:appId/endpoint/:endpointId/transformation": "transformations",
  "/app/:appId/events": "event streams",
  "/app/:appId/integration": "integrations",
  "/app/:appId/msg/search": "msg/search; the list of messages has filters",
  "/app/:appId/poller": "polling endpoints",
  "/app/:appId/polling-endpoint": "polling endpoints",
  "/auth/app/:appId/poller": "polling endpoints",
  "/auth/create-message-token": "tokens that only publish",
  "/auth/mcp-token": "mcp-token",
  "/auth/one-time-token": "one-time tokens; the portal's link carries its token",
  "/auth/stream": "streams",
  "/auth/stream-logout": "streams",
  "/auth/stream-portal-access": "streams",
  "/auth/whoami": "whoami",
  "/connector": "connectors",
  "/environment": "environment export and import; docs/migrating.md has a script",
  "/event-type/:eventTypeName/retry-schedule": "retry schedules of event types",
  "/event-type/export":
    "OpenAPI export of event types; listing them with content shows the schemas",
  "/event-type/import": "OpenAPI import of event types; create them with their schemas",
  "/events": "event streams",
  "/ingest": "ingest, which is another product",
  "/management": "the hosted dashboard's management",
  "/msg/broadcast": "broadcast",
  "/stats": "usage statistics; `…/endpoint/{id}/stats` counts attempts",
  "/stream": "streams",
};

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];

export function registerNotImplemented(app: FastifyInstance): void {
  for (const [path, what] of Object.entries(NOT_IMPLEMENTED)) {
    for (const url of [path, `${path}/*`]) {
      app.route({
        method: METHODS,
        url,
        // The body does not matter, nor does it have to be readable.
        config: { ownIdempotency: true },
        schema: { hide: true },
        handler: () => {
          throw new ApiError("not_implemented", `Amps does not have this operation yet: ${what}.`);
        },
      });
    }
  }
}
