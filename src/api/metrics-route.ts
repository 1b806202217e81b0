/**
 * `GET /metrics`, for Prometheus: with the operator's own token or any API key. There is no exception for
 * loopback: behind a reverse proxy on the same machine everybody comes from there.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Metrics } from "../core/metrics.ts";
import type { Authenticate } from "./identity.ts";
import { ApiError } from "./errors.ts";

export const METRICS_PATH = "/metrics";
const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export interface MetricsRouteOptions {
  metrics: Metrics;
  /** Brings up to date what is read from the database. */
  refresh: () => Promise<void>;
  token?: string;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function hasToken({ headers }: FastifyRequest, token: string | undefined): boolean {
  if (token === undefined) return false;
  const sent = /^bearer +(\S+) *$/i.exec(headers.authorization ?? "")?.[1] ?? "";
  return timingSafeEqual(digest(sent), digest(token));
}

/** A portal's token is of one application; these figures are of all. */
async function isOperators(request: FastifyRequest, authenticate: Authenticate): Promise<boolean> {
  const answer = await authenticate(request);
  return answer.ok && answer.identity.portal === null;
}

export function registerMetrics(
  app: FastifyInstance,
  options: MetricsRouteOptions,
  authenticate: Authenticate,
): void {
  app.get(
    METRICS_PATH,
    { config: { access: "none", always: true }, schema: { hide: true } },
    async (request, reply) => {
      if (!hasToken(request, options.token) && !(await isOperators(request, authenticate))) {
        throw new ApiError(
          "authentication_failed",
          "Send `Authorization: Bearer` with the value of AMPS_METRICS_TOKEN or an API key.",
        );
      }
      await options.refresh();
      return await reply
        .header("content-type", CONTENT_TYPE)
        .header("cache-control", "no-store")
        .serializer((text: unknown) => String(text))
        .send(options.metrics.write());
    },
  );
}
