/** The two places of endpoints, each with its routes. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { OPERATIONAL_EVENT_TYPES } from "../../core/operational-events.ts";
import { findEndpoint } from "../../storage/endpoints/find-endpoint.ts";
import { findOperationalApplication } from "../../storage/operational/find-operational-application.ts";
import type { ApiDeps } from "../deps.ts";
import { invalidAt, notFound } from "../errors.ts";
import { identityOf, pathName } from "../request.ts";
import type { ApplicationPath, EndpointPath, Scope } from "../scope.ts";
import { checkEventTypes } from "./checks.ts";
import type { EndpointPlace } from "./place.ts";
import { registerEndpoints } from "./routes.ts";
import { registerEndpointRetrySchedule, registerRetryPreview } from "./retry-schedule-routes.ts";
import { registerEndpointSigning } from "./signing-routes.ts";

function ofApplications(deps: ApiDeps, scope: Scope): EndpointPlace {
  return {
    path: "/app/:appId/endpoint",
    tag: "Endpoint",
    operation: "v1.endpoint",
    // Both are only asked on routes below this path, which has these parameters.
    applicationOf: async (request) =>
      (await scope.application(request, request.params as ApplicationPath)).applicationId,
    endpointOf: (request) => scope.endpoint(request, request.params as EndpointPath),
    checkEventTypes: (request, names) => checkEventTypes(deps, request, names),
    telling: (request) => ({
      environmentId: identityOf(request).environmentId,
      makeEventId: () => deps.ids.make("msg_"),
    }),
  };
}

function checkOperationalTypes(_request: FastifyRequest, names: string[] | null | undefined): void {
  const unknown = (names ?? []).filter((name) => !OPERATIONAL_EVENT_TYPES.includes(name));
  if (unknown.length === 0) return;
  const msg =
    `These operational event types do not exist: ${unknown.join(", ")}. ` +
    `There are ${OPERATIONAL_EVENT_TYPES.join(", ")}.`;
  throw invalidAt(["body", "eventTypes"], msg);
}

function ofOperationalWebhooks(deps: ApiDeps): EndpointPlace {
  const applicationOf = async (request: FastifyRequest): Promise<string> => {
    const { environmentId } = identityOf(request);
    const found = await findOperationalApplication(deps.storage, environmentId);
    if (found === undefined) throw notFound("Endpoint");
    return found;
  };
  return {
    path: "/operational-webhook/endpoint",
    tag: "Operational Webhook Endpoint",
    operation: "v1.operational-webhook.endpoint",
    applicationOf,
    endpointOf: async (request) => {
      const applicationId = await applicationOf(request);
      // Only asked on routes below the path, which has this parameter.
      const { endpointId } = request.params as { endpointId: string };
      const name = pathName(endpointId, "Endpoint");
      const endpoint = await findEndpoint(deps.storage, applicationId, name);
      if (endpoint === undefined) throw notFound("Endpoint");
      return { endpoint, key: { applicationId, endpointId: endpoint.endpointId } };
    },
    checkEventTypes: checkOperationalTypes,
    // Of themselves they are not told: that would never end.
    telling: () => ({}),
  };
}

export function registerEndpointPlaces(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  for (const place of [ofApplications(deps, scope), ofOperationalWebhooks(deps)]) {
    registerEndpoints(app, deps, place);
    registerEndpointSigning(app, deps, place);
    registerEndpointRetrySchedule(app, deps, place);
  }
  registerRetryPreview(app, deps);
}
