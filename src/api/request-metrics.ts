/** Requests by route template and class of status: paths themselves hold ids and are no labels. */
import type { FastifyInstance } from "fastify";
import type { Metrics } from "../core/metrics.ts";

const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const UNKNOWN_ROUTE = "unknown";
const STATUS_CLASSES = ["0xx", "1xx", "2xx", "3xx", "4xx", "5xx"];

/** Call on the root instance, before the APIs are registered. */
export function watchRequests(app: FastifyInstance, metrics: Metrics | undefined): void {
  if (metrics === undefined) return;
  const requests = metrics.counter({
    name: "amps_http_requests_total",
    help: "Requests answered, by route and class of status.",
    labels: ["method", "route", "status"],
  });
  const seconds = metrics.histogram({
    name: "amps_http_request_duration_seconds",
    help: "Time from the request's headers to the end of the answer.",
    labels: ["method", "route"],
    bounds: BOUNDS,
  });
  app.addHook("onResponse", (request, reply, done) => {
    const route = request.route.url ?? UNKNOWN_ROUTE;
    // Of an unknown route the method is the caller's to invent.
    const method = route === UNKNOWN_ROUTE ? "any" : request.method;
    requests.of(method, route, STATUS_CLASSES[Math.floor(reply.statusCode / 100)] ?? "").add();
    seconds.of(method, route).observe(reply.elapsedTime / 1000);
    done();
  });
}
