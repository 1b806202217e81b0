/** One span per request that reaches a route, below the caller's trace; what it causes goes below it. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Span, Tracer } from "../core/types.ts";

/** Call on the root instance, before the APIs are registered. */
export function installTracing(app: FastifyInstance, tracer: Tracer | undefined): void {
  if (tracer === undefined) return;
  const spans = new WeakMap<FastifyRequest, Span>();
  // Not earlier: reading the body ends whatever asynchronous context was begun before it.
  app.addHook("preValidation", (request, _reply, done) => {
    tracer.enter("amps.request", request.headers, (span) => {
      spans.set(request, span);
      done();
    });
  });
  app.addHook("onResponse", (request, reply, done) => {
    const { statusCode } = reply;
    spans.get(request)?.end(
      {
        "http.request.method": request.method,
        "http.route": request.route.url ?? "",
        "http.response.status_code": statusCode,
        "amps.request_id": request.id,
      },
      statusCode >= 500 ? String(statusCode) : undefined,
    );
    done();
  });
}
