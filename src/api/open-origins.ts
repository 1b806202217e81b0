/** Which origins' pages may call what: the webhook API is open to all of them. */
import type { FastifyReply, FastifyRequest } from "fastify";

export const WEBHOOK_API_PATH = "/api/v1";
const BELOW = `${WEBHOOK_API_PATH}/`;
const CORS_SECONDS = 600;
export const OPEN_TO_ALL_ORIGINS = {
  "access-control-allow-origin": "*",
  "access-control-expose-headers": "retry-after, idempotency-replayed",
};

/**
 * Portals call this API from browsers on any origin. Keys are sent by scripts on purpose, never by the
 * browser itself, so an open origin gives nothing away; and what a browser sends itself, the cookie of the
 * dashboard's session, it sends to nobody who allows all origins.
 */
export function allowOrigins(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  if (!request.url.startsWith(BELOW)) {
    done();
    return;
  }
  reply.headers(OPEN_TO_ALL_ORIGINS);
  if (request.method !== "OPTIONS") {
    done();
    return;
  }
  const asked = request.headers["access-control-request-headers"];
  reply.headers({
    "access-control-allow-methods": "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE",
    "access-control-max-age": String(CORS_SECONDS),
    vary: "access-control-request-headers",
    ...(asked !== undefined && { "access-control-allow-headers": asked }),
  });
  void reply.code(204).send();
}
