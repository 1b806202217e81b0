/** What our hooks add to a request, and how routes read it. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Caller } from "../storage/tenant-wall.ts";
import type { Identity } from "./identity.ts";
import { notFound } from "./errors.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** `routeOptions`, which fastify puts together anew whenever it is read. */
    readonly route: FastifyRequest["routeOptions"];
    keptRoute: FastifyRequest["routeOptions"] | null;
    /** Who calls; null until authenticated. */
    identity: Identity | null;
    /** The body as it came; null without one. */
    rawBody: Buffer | null;
    /** Exact bytes of the opaque members of the body. */
    slices: ReadonlyMap<string, Buffer> | null;
  }
  /** What `openapi.json` tells of an operation, beside its schemas. */
  interface FastifySchema {
    operationId?: string;
    summary?: string;
    description?: string;
    tags?: string[];
    deprecated?: boolean;
    /** Not in `openapi.json`. */
    hide?: boolean;
  }
  interface FastifyContextConfig {
    /** Top-level members of the body that are kept byte for byte. */
    opaque?: readonly string[];
    /** `none`: anyone. `full`: not for read-only keys, although it changes nothing. */
    access?: "none" | "full";
    /** Takes in new work: the first to be turned away when something is short. */
    intake?: boolean;
    /** Answered however busy the node is. */
    always?: boolean;
    /** The route keeps idempotency keys itself. */
    ownIdempotency?: boolean;
  }
}

/** Gives requests their `route`. Call on the root instance. */
export function decorateRoute(app: FastifyInstance): void {
  app.decorateRequest("keptRoute", null);
  app.decorateRequest("route", {
    getter() {
      this.keptRoute ??= this.routeOptions;
      return this.keptRoute;
    },
  });
}

/** The caller of an authenticated route. */
export function identityOf(request: FastifyRequest): Identity {
  if (request.identity === null) throw new Error(`${request.route.url} did not authenticate.`);
  return request.identity;
}

/** For the wall between tenants. */
export function callerOf({ environmentId, defaultApplicationId, portal }: Identity): Caller {
  if (portal === null) return { environmentId, applicationIds: [defaultApplicationId] };
  return { environmentId, applicationIds: [portal.applicationId], fixed: true };
}

/** The feature flags that a portal sees event types of; null for everyone else, who sees all. */
export function flagsOf(request: FastifyRequest): readonly string[] | null {
  return identityOf(request).portal?.featureFlags ?? null;
}

/** Path and nothing else: query strings are not for logs. */
export function pathOf(url: string): string {
  const end = url.search(/[?#]/);
  return end === -1 ? url : url.slice(0, end);
}

const ID_OR_UID = /^[a-zA-Z0-9\-_.]{1,256}$/;

/**
 * A path parameter that names something. What cannot be an id or uid names nothing, and must not
 * reach the database: it may hold bytes that PostgreSQL refuses.
 */
export function pathName(value: string, what: string): string {
  if (!ID_OR_UID.test(value)) throw notFound(what);
  return value;
}
