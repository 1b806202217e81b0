/** When deliveries are tried again: of an endpoint as it is, or of a schedule before it is stored. */
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import type { ApiDeps } from "../deps.ts";
import { invalidAt } from "../errors.ts";
import { answers, dateTime } from "../schemas.ts";
import type { EndpointPath } from "../scope.ts";
import { readTime } from "../time-span.ts";
import type { EndpointPlace } from "./place.ts";
import {
  readRetrySchedule,
  renderRetryTimes,
  RetryTimesIn,
  RetryTimesOut,
} from "./retry-schedule.ts";

/** Far beyond any event, and far from where dates end. */
const START_MAX = Date.UTC(9000, 0);

/** @throws 422 */
function readStart(part: "body" | "query", text: string | null | undefined, now: number): number {
  if (text === null || text === undefined) return now;
  const start = readTime([part, "start"], text);
  if (start <= START_MAX) return start;
  throw invalidAt([part, "start"], "start must be before the year 9000.");
}

export function registerEndpointRetrySchedule(
  app: FastifyInstance,
  deps: ApiDeps,
  place: EndpointPlace,
): void {
  app.get<{ Params: EndpointPath; Querystring: { start?: string } }>(
    `${place.path}/:endpointId/retry-schedule`,
    {
      schema: {
        tags: [place.tag],
        operationId: `${place.operation}.get-retry-schedule`,
        summary: "Get when an endpoint's deliveries are tried again, from `start` on (now)",
        querystring: Type.Object({ start: Type.Optional(dateTime) }),
        response: answers({ 200: RetryTimesOut }),
      },
    },
    async (request) => {
      const { endpoint } = await place.endpointOf(request);
      const start = readStart("query", request.query.start, deps.clock.now());
      return renderRetryTimes(endpoint.retryScheduleMs, deps.engine.retryScheduleMs, start);
    },
  );
}

export function registerRetryPreview(app: FastifyInstance, deps: ApiDeps): void {
  app.post<{ Body: RetryTimesIn }>(
    "/retry-schedule/preview",
    {
      schema: {
        tags: ["Endpoint"],
        operationId: "v1.retry-schedule.preview",
        summary: "See when a retry schedule would try again; stores nothing",
        body: RetryTimesIn,
        response: answers({ 200: RetryTimesOut }),
      },
    },
    async (request) => {
      const own = readRetrySchedule(request.body.retrySchedule) ?? null;
      const start = readStart("body", request.body.start, deps.clock.now());
      return await Promise.resolve(renderRetryTimes(own, deps.engine.retryScheduleMs, start));
    },
  );
}
