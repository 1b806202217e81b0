/** How endpoints are doing: what they answered over time, and what waits for them. */
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import type { UnixMs } from "../../core/types.ts";
import { ENDPOINTS_MAX } from "../../storage/endpoints/create-endpoint.ts";
import { HIGHEST_KEY, LOWEST_KEY } from "../../storage/key-range.ts";
import { MINUTES_KEPT_MS } from "../../storage/statistics/count-recorded-attempts.ts";
import { listStandings, readStanding } from "../../storage/statistics/list-standings.ts";
import { readStatistics, type StatisticsSpan } from "../../storage/statistics/read-statistics.ts";
import type { ApiDeps } from "../deps.ts";
import { ApiError, notFound } from "../errors.ts";
import { type PageQuery, readPage, renderPage } from "../pagination.ts";
import { answers, dateTime, orderQuery, pageQuery } from "../schemas.ts";
import type { ApplicationPath, EndpointPath, Scope } from "../scope.ts";
import { DAY_MS, readTime, SLACK_MS, spanProblem } from "../time-span.ts";
import {
  ApplicationStatistics,
  type BucketName,
  EndpointStatistics,
  EndpointStatisticsList,
  renderStatistics,
  renderTotal,
} from "./schema.ts";

const tags = ["Endpoint"];

interface Bucket {
  seconds: 60 | 3600;
  periodSeconds: number;
  defaultMs: number;
  daysMax: number;
}

/** A span of 28 days by the hour has 672 periods. */
const BUCKETS: Record<BucketName, Bucket> = {
  minute: {
    seconds: 60,
    periodSeconds: 60,
    defaultMs: 3_600_000,
    daysMax: MINUTES_KEPT_MS / DAY_MS,
  },
  hour: { seconds: 3600, periodSeconds: 3600, defaultMs: DAY_MS, daysMax: 28 },
  day: { seconds: 3600, periodSeconds: 86_400, defaultMs: 28 * DAY_MS, daysMax: 366 },
};

interface SpanQuery {
  since?: string;
  until?: string;
  bucket?: BucketName;
}

const spanQuery = Type.Object({
  since: Type.Optional(dateTime),
  until: Type.Optional(dateTime),
  bucket: Type.Optional(
    Type.Unsafe<BucketName>({
      type: "string",
      enum: Object.keys(BUCKETS),
      default: "hour",
      description: "Minutes are kept for three hours.",
    }),
  ),
});

/** The periods that begin from `since` on, the one that holds `since` included. @throws 400, 422 */
function readSpan(query: SpanQuery, now: UnixMs): StatisticsSpan {
  const name = query.bucket ?? "hour";
  const { seconds, periodSeconds, defaultMs, daysMax } = BUCKETS[name];
  const until = query.until === undefined ? now : readTime(["query", "until"], query.until);
  const since =
    query.since === undefined ? until - defaultMs : readTime(["query", "since"], query.since);
  const future = until > now + SLACK_MS ? "until must not be in the future." : undefined;
  const gone =
    name === "minute" && since < now - MINUTES_KEPT_MS - SLACK_MS
      ? "Minutes are kept for the last three hours; ask for bucket=hour."
      : undefined;
  const problem = future ?? gone ?? spanProblem({ since, until }, daysMax);
  if (problem !== undefined) throw new ApiError("invalid_range", problem);
  const periodMs = periodSeconds * 1000;
  return {
    seconds,
    periodSeconds,
    since: Math.floor(since / periodMs) * periodMs,
    // What happened in the very millisecond of "now" counts.
    until: Math.ceil((until + 1) / periodMs) * periodMs,
  };
}

function registerTotal(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  app.get<{ Params: ApplicationPath; Querystring: SpanQuery }>(
    "/app/:appId/statistics/total",
    {
      schema: {
        tags,
        operationId: "v1.application.get-statistics",
        summary: "All endpoints of an application together, by default the last 24 hours",
        querystring: spanQuery,
        response: answers({ 200: ApplicationStatistics }),
      },
    },
    async (request) => {
      const { bucket = "hour" } = request.query;
      const span = readSpan(request.query, deps.clock.now());
      const { applicationId } = await scope.application(request, request.params);
      const range = { lower: LOWEST_KEY, upper: HIGHEST_KEY, ascending: true };
      const all = { ...range, limit: ENDPOINTS_MAX };
      const standings = await listStandings(deps.storage, applicationId, all);
      const endpointIds = standings.map(({ endpointId }) => endpointId);
      const counts = await readStatistics(deps.storage, { applicationId, endpointIds }, span);
      return renderTotal(standings, counts, { span, bucket });
    },
  );
}

export function registerStatistics(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  registerTotal(app, deps, scope);
  app.get<{ Params: EndpointPath; Querystring: SpanQuery }>(
    "/app/:appId/endpoint/:endpointId/statistics",
    {
      schema: {
        tags,
        operationId: "v1.endpoint.get-statistics",
        summary: "An endpoint's attempts over time, how long they took, and what waits for it",
        description: "By default the last 24 hours by the hour.",
        querystring: spanQuery,
        response: answers({ 200: EndpointStatistics }),
      },
    },
    async (request) => {
      const { bucket = "hour" } = request.query;
      const span = readSpan(request.query, deps.clock.now());
      const { key } = await scope.endpoint(request, request.params);
      const standing = await readStanding(deps.storage, key);
      if (standing === undefined) throw notFound("Endpoint");
      const { applicationId, endpointId } = key;
      const of = { applicationId, endpointIds: [endpointId] };
      const counts = await readStatistics(deps.storage, of, span);
      return renderStatistics(standing, counts, { span, bucket });
    },
  );

  app.get<{ Params: ApplicationPath; Querystring: PageQuery }>(
    "/app/:appId/statistics",
    {
      schema: {
        tags,
        operationId: "v1.application.list-endpoint-statistics",
        summary: "The last 24 hours of all endpoints of an application, by the hour",
        querystring: Type.Object({ ...pageQuery, ...orderQuery }),
        response: answers({ 200: EndpointStatisticsList }),
      },
    },
    async (request) => {
      const page = readPage(request.query, { prefix: "ep_", defaultOrder: "ascending" });
      const span = readSpan({}, deps.clock.now());
      const { applicationId } = await scope.application(request, request.params);
      const standings = await listStandings(deps.storage, applicationId, page.range);
      const endpointIds = standings.map(({ endpointId }) => endpointId);
      const counts = await readStatistics(deps.storage, { applicationId, endpointIds }, span);
      const byEndpoint = Map.groupBy(counts, ({ endpointId }) => endpointId);
      return renderPage(page, standings, {
        keyOf: ({ endpointId }) => endpointId,
        render: (standing) =>
          renderStatistics(standing, byEndpoint.get(standing.endpointId) ?? [], {
            span,
            bucket: "hour",
          }),
      });
    },
  );
}
