/** What a page asks while somebody sets up an endpoint: beyond Svix's API, and nothing is changed. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type, type Static } from "typebox";
import { checkEndpointUrl } from "../../core/endpoint-url.ts";
import { listOldSecrets } from "../../storage/endpoints/list-old-secrets.ts";
import type { ApiDeps } from "../deps.ts";
import { answers, dateTime, nullable } from "../schemas.ts";
import type { ApplicationPath, EndpointPath, Scope } from "../scope.ts";

const tags = ["Endpoint"];

const EndpointCheckIn = Type.Object({ url: Type.String() }, { title: "EndpointCheckIn" });
type EndpointCheckIn = Static<typeof EndpointCheckIn>;
const EndpointCheckOut = Type.Object(
  {
    accepted: Type.Boolean(),
    url: nullable(Type.String({ description: "As it would be stored, credentials apart." })),
    code: nullable(Type.String({ description: "Why it is refused, such as url.address_denied." })),
    detail: nullable(Type.String({ description: "The same in words." })),
    warning: nullable(Type.String({ description: "Accepted, but worth a thought." })),
  },
  { title: "EndpointCheckOut" },
);
const OldSecretsOut = Type.Object(
  {
    data: Type.Array(
      Type.Object(
        { createdAt: dateTime, expiresAt: dateTime },
        { title: "OldSecretOut", description: "It signs beside the current one until then." },
      ),
    ),
  },
  { title: "OldSecretsOut" },
);

const PLAIN_HTTP =
  "Plain http: everyone on the way can read the events. Signatures still show who sent them.";

function check(deps: ApiDeps, raw: string): Static<typeof EndpointCheckOut> {
  const result = checkEndpointUrl(raw, {
    allow: deps.egressAllow,
    httpsRequired: deps.httpsRequired,
    ownAddresses: deps.ownAddresses(),
  });
  if (!result.ok) {
    const { type, message } = result;
    return { accepted: false, url: null, code: type, detail: message, warning: null };
  }
  const { url } = result;
  const warning = url.startsWith("http:") ? PLAIN_HTTP : null;
  return { accepted: true, url, code: null, detail: null, warning };
}

export function registerEndpointSetup(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  app.post<{ Params: ApplicationPath; Body: EndpointCheckIn }>(
    "/app/:appId/endpoint/check",
    {
      schema: {
        tags,
        operationId: "v1.endpoint.check",
        summary: "Learn whether a URL would be accepted, and why not; stores and sends nothing",
        description: "Names are resolved when something is sent, and judged again then.",
        body: EndpointCheckIn,
        response: answers({ 200: EndpointCheckOut }),
      },
    },
    async (request: FastifyRequest<{ Params: ApplicationPath; Body: EndpointCheckIn }>) => {
      await scope.application(request, request.params);
      return check(deps, request.body.url);
    },
  );

  app.get<{ Params: EndpointPath }>(
    "/app/:appId/endpoint/:endpointId/secret/old",
    {
      schema: {
        tags,
        operationId: "v1.endpoint.list-old-secrets",
        summary: "List until when rotated secrets still sign; the secrets are not shown",
        response: answers({ 200: OldSecretsOut }),
      },
    },
    async (request) => {
      const { key } = await scope.endpoint(request, request.params);
      const secrets = await listOldSecrets(deps.storage, key);
      return {
        data: secrets.map(({ createdAt, expiresAt }) => ({
          createdAt: new Date(createdAt).toISOString(),
          expiresAt: new Date(expiresAt).toISOString(),
        })),
      };
    },
  );
}
