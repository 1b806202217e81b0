/** Endpoints: where an application's webhooks go (`svix-api.md` §8.2). */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type } from "typebox";
import {
  createEndpoint,
  type EndpointOutcome,
  ENDPOINTS_MAX,
} from "../../storage/endpoints/create-endpoint.ts";
import { deleteEndpoint } from "../../storage/endpoints/delete-endpoint.ts";
import type { Endpoint } from "../../storage/endpoints/endpoint.ts";
import { findEndpoint } from "../../storage/endpoints/find-endpoint.ts";
import { listEndpoints } from "../../storage/endpoints/list-endpoints.ts";
import { type EndpointChange, updateEndpoint } from "../../storage/endpoints/update-endpoint.ts";
import type { ApiDeps } from "../deps.ts";
import { ApiError, notFound } from "../errors.ts";
import { type PageQuery, readPage, renderPage } from "../pagination.ts";
import { identityOf, pathName } from "../request.ts";
import { answers, Nothing, orderQuery, pageQuery } from "../schemas.ts";
import type { ApplicationPath, EndpointPath } from "../scope.ts";
import { checkHeaders, checkSecret, checkUrl } from "./checks.ts";
import type { EndpointPlace } from "./place.ts";
import {
  EndpointIn,
  EndpointList,
  EndpointOut,
  EndpointPatch,
  EndpointUpdate,
  eventTypesOf,
  patchFields,
  putFields,
  renderEndpoint,
  toFields,
} from "./schema.ts";

/** @throws 404, 409 */
function endpointOf(outcome: EndpointOutcome | { kind: "limit" }, uid: string | null): Endpoint {
  if (outcome.kind === "done") return outcome.endpoint;
  if (outcome.kind === "missing") throw notFound("Endpoint");
  if (outcome.kind === "uid_taken") {
    throw new ApiError("conflict", `An endpoint with the uid ${uid} exists already.`);
  }
  const detail = `An application has at most ${ENDPOINTS_MAX} endpoints; delete one first.`;
  throw new ApiError("limit.endpoints", detail);
}

interface Creation {
  request: FastifyRequest;
  applicationId: string;
  body: EndpointIn;
}

async function create(
  deps: ApiDeps,
  place: EndpointPlace,
  { request, applicationId, body }: Creation,
): Promise<Endpoint> {
  const { url, credentials } = checkUrl(deps, body.url);
  const fields = toFields(body, url);
  const asked = { field: "secret", given: body.secret, type: body.secretType } as const;
  const secret = await checkSecret(deps, asked, () => "hmac256");
  const headers = body.headers ? checkHeaders(body.headers) : null;
  await place.checkEventTypes(request, fields.eventTypes);
  const outcome = await createEndpoint(deps.storage, {
    ...place.telling(request),
    environmentId: identityOf(request).environmentId,
    applicationId,
    endpointId: deps.ids.make("ep_"),
    fields,
    secret,
    headers,
    credentials,
  });
  return endpointOf(outcome, fields.uid);
}

function registerReads(app: FastifyInstance, { storage }: ApiDeps, place: EndpointPlace): void {
  app.get<{ Params: ApplicationPath; Querystring: PageQuery }>(
    place.path,
    {
      schema: {
        tags: [place.tag],
        operationId: `${place.operation}.list`,
        summary: "List endpoints",
        querystring: Type.Object({ ...pageQuery, ...orderQuery }),
        response: answers({ 200: EndpointList }),
      },
    },
    async (request) => {
      const page = readPage(request.query, { prefix: "ep_", defaultOrder: "descending" });
      const applicationId = await place.applicationOf(request);
      const rows = await listEndpoints(storage, applicationId, page.range);
      return renderPage(page, rows, { keyOf: (row) => row.endpointId, render: renderEndpoint });
    },
  );

  app.get<{ Params: EndpointPath }>(
    `${place.path}/:endpointId`,
    {
      schema: {
        tags: [place.tag],
        operationId: `${place.operation}.get`,
        summary: "Get an endpoint",
        response: answers({ 200: EndpointOut }),
      },
    },
    async (request) => renderEndpoint((await place.endpointOf(request)).endpoint),
  );
}

function registerCreate(app: FastifyInstance, deps: ApiDeps, place: EndpointPlace): void {
  app.post<{ Params: ApplicationPath; Body: EndpointIn }>(
    place.path,
    {
      schema: {
        tags: [place.tag],
        operationId: `${place.operation}.create`,
        summary: "Create an endpoint",
        body: EndpointIn,
        response: answers({ 201: EndpointOut }),
      },
    },
    async (request, reply) => {
      const applicationId = await place.applicationOf(request);
      reply.code(201);
      const { body } = request;
      return renderEndpoint(await create(deps, place, { request, applicationId, body }));
    },
  );

  app.put<{ Params: EndpointPath; Body: EndpointUpdate }>(
    `${place.path}/:endpointId`,
    {
      schema: {
        tags: [place.tag],
        operationId: `${place.operation}.update`,
        summary: "Update an endpoint, or create it",
        body: EndpointUpdate,
        response: answers({ 200: EndpointOut, 201: EndpointOut }),
      },
    },
    async (request, reply) => {
      const applicationId = await place.applicationOf(request);
      const name = pathName(request.params.endpointId, "Endpoint");
      const existing = await findEndpoint(deps.storage, applicationId, name);
      if (existing === undefined) {
        const { secret: _s, secretType: _t, headers: _h, ...body } = request.body as EndpointIn;
        const made = await create(deps, place, { request, applicationId, body });
        reply.code(201);
        return renderEndpoint(made);
      }
      const { url, credentials } = checkUrl(deps, request.body.url);
      await place.checkEventTypes(request, eventTypesOf(request.body));
      const key = { applicationId, endpointId: existing.endpointId };
      const change = (current: Endpoint): EndpointChange => ({
        fields: putFields(current, request.body, url),
        credentials,
      });
      const telling = place.telling(request);
      const outcome = await updateEndpoint(deps.storage, key, change, telling);
      const endpoint = endpointOf(outcome, request.body.uid ?? null);
      deps.engine.endpointChanged(endpoint.endpointId);
      return renderEndpoint(endpoint);
    },
  );
}

function registerChanges(app: FastifyInstance, deps: ApiDeps, place: EndpointPlace): void {
  app.patch<{ Params: EndpointPath; Body: EndpointPatch }>(
    `${place.path}/:endpointId`,
    {
      schema: {
        tags: [place.tag],
        operationId: `${place.operation}.patch`,
        summary: "Change parts of an endpoint",
        body: EndpointPatch,
        response: answers({ 200: EndpointOut }),
      },
    },
    async (request) => {
      const { body } = request;
      const { key } = await place.endpointOf(request);
      const checked = body.url === undefined ? undefined : checkUrl(deps, body.url);
      await place.checkEventTypes(request, eventTypesOf(body));
      const change = (current: Endpoint): EndpointChange => ({
        fields: patchFields(current, body, checked?.url ?? current.url),
        credentials: checked?.credentials,
      });
      const outcome = await updateEndpoint(deps.storage, key, change, place.telling(request));
      const endpoint = endpointOf(outcome, body.uid ?? null);
      deps.engine.endpointChanged(endpoint.endpointId);
      return renderEndpoint(endpoint);
    },
  );

  app.delete<{ Params: EndpointPath }>(
    `${place.path}/:endpointId`,
    {
      schema: {
        tags: [place.tag],
        operationId: `${place.operation}.delete`,
        summary: "Delete an endpoint",
        response: answers({ 204: Nothing }),
      },
    },
    async (request, reply) => {
      const { key } = await place.endpointOf(request);
      const done = await deleteEndpoint(deps.storage, key, place.telling(request));
      if (!done) throw notFound("Endpoint");
      deps.engine.endpointChanged(key.endpointId);
      return await reply.code(204).send();
    },
  );
}

export function registerEndpoints(app: FastifyInstance, deps: ApiDeps, place: EndpointPlace): void {
  registerReads(app, deps, place);
  registerCreate(app, deps, place);
  registerChanges(app, deps, place);
}
