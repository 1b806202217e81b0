/** What is told of every request that was answered: a line of the log, and its metrics. */
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "./deps.ts";
import { pathOf } from "./request.ts";

const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const UNKNOWN_ROUTE = "unknown";
const STATUS_CLASSES = ["0xx", "1xx", "2xx", "3xx", "4xx", "5xx"];

export interface Answered {
  requestId: string;
  method: string;
  url: string;
  /** The template: paths themselves hold ids and are no labels. Undefined: there is none. */
  route: string | undefined;
  status: number;
  /** From the request's headers to the end of the answer. */
  ms: number;
}

export type RequestWatch = (answered: Answered) => void;

function createMeasuring({ metrics }: Pick<ApiDeps, "metrics">): RequestWatch {
  if (metrics === undefined) return () => undefined;
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
  return ({ method: asked, route = UNKNOWN_ROUTE, status, ms }) => {
    // Of an unknown route the method is the caller's to invent.
    const method = route === UNKNOWN_ROUTE ? "any" : asked;
    requests.of(method, route, STATUS_CLASSES[Math.floor(status / 100)] ?? "").add();
    seconds.of(method, route).observe(ms / 1000);
  };
}

export function createRequestWatch(deps: Pick<ApiDeps, "log" | "metrics">): RequestWatch {
  const { log } = deps;
  const measure = createMeasuring(deps);
  return (answered) => {
    const { requestId, method, url, status, ms } = answered;
    log.info({ requestId, method, path: pathOf(url), status, ms: Math.round(ms) }, "request");
    measure(answered);
  };
}

/** Call on the root instance, before the APIs are registered. */
export function watchRequests(app: FastifyInstance, watch: RequestWatch): void {
  app.addHook("onResponse", (request, reply, done) => {
    const { id: requestId, method, url } = request;
    const { statusCode: status, elapsedTime: ms } = reply;
    watch({ requestId, method, url, route: request.route.url, status, ms });
    done();
  });
}
