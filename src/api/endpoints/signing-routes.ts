/** An endpoint's secret and custom headers (`svix-api.md` §8.2); sensitive values never come back. */
import type { FastifyInstance } from "fastify";
import { isSensitiveHeader } from "../../core/custom-headers.ts";
import { verifyingKey } from "../../core/signing-secret.ts";
import {
  changeEndpointHeaders,
  type CustomHeaders,
  readEndpointHeaders,
} from "../../storage/endpoints/endpoint-headers.ts";
import {
  OLD_SECRETS_MAX,
  readEndpointSecret,
  rotateEndpointSecret,
} from "../../storage/endpoints/endpoint-secret.ts";
import type { ApiDeps } from "../deps.ts";
import { ApiError, notFound } from "../errors.ts";
import { answers, Nothing } from "../schemas.ts";
import type { EndpointPath } from "../scope.ts";
import { checkHeaders, checkSecret } from "./checks.ts";
import type { EndpointPlace } from "./place.ts";
import { HeadersIn, HeadersOut, HeadersPatch, SecretOut, SecretRotateIn } from "./schema.ts";

const GRACE_SECONDS = 86_400;

function registerSecret(app: FastifyInstance, deps: ApiDeps, place: EndpointPlace): void {
  app.get<{ Params: EndpointPath }>(
    `${place.path}/:endpointId/secret`,
    {
      config: { access: "full" },
      schema: {
        tags: [place.tag],
        operationId: `${place.operation}.get-secret`,
        summary: "Get what the receiver verifies with: the shared secret, or the public key",
        response: answers({ 200: SecretOut }),
      },
    },
    async (request) => {
      const { key } = await place.endpointOf(request);
      return verifyingKey(await readEndpointSecret(deps.storage, key));
    },
  );

  app.post<{ Params: EndpointPath; Body: SecretRotateIn }>(
    `${place.path}/:endpointId/secret/rotate`,
    {
      schema: {
        tags: [place.tag],
        operationId: `${place.operation}.rotate-secret`,
        summary: "Rotate the signing secret",
        description:
          "The old secret signs on beside the new one until the grace period ends, so that receivers have time. " +
          "204; to `svix` libraries from 2.7 on 200 with the new secret, which they expect.",
        body: SecretRotateIn,
        response: answers({ 200: SecretOut, 204: Nothing }),
      },
    },
    async (request, reply) => {
      const { key } = await place.endpointOf(request);
      const asked = {
        field: "key",
        given: request.body.key,
        type: request.body.secretType,
      } as const;
      const secret = await checkSecret(deps, asked, async () => {
        const current = await readEndpointSecret(deps.storage, key);
        return verifyingKey(current).type;
      });
      const gracePeriodSeconds = request.body.gracePeriodSeconds ?? GRACE_SECONDS;
      const rotation = { secret, gracePeriodSeconds };
      const outcome = await rotateEndpointSecret(
        deps.storage,
        key,
        rotation,
        place.telling(request),
      );
      if (outcome === "missing") throw notFound("Endpoint");
      if (outcome === "too_many_old") {
        const detail =
          `At most ${OLD_SECRETS_MAX} old secrets sign beside the new one; ` +
          "wait for one to expire, or rotate with gracePeriodSeconds 0.";
        throw new ApiError("limit_reached", detail);
      }
      deps.engine.endpointChanged(key.endpointId);
      if (!readsRotatedSecret(request.headers["user-agent"])) return await reply.code(204).send();
      return { key: await readEndpointSecret(deps.storage, key) };
    },
  );
}

/** `changes` over `current`, names compared without case; null removes. */
function mergeHeaders(
  current: CustomHeaders,
  changes: Record<string, string | null>,
): CustomHeaders {
  const changed = new Set(Object.keys(changes).map((name) => name.toLowerCase()));
  const kept = Object.entries(current).filter(([name]) => !changed.has(name.toLowerCase()));
  const set = Object.entries(changes).flatMap(([name, value]): [string, string][] =>
    value === null ? [] : [[name, value]],
  );
  return Object.fromEntries([...kept, ...set]);
}

function registerHeaders(app: FastifyInstance, deps: ApiDeps, place: EndpointPlace): void {
  const path = `${place.path}/:endpointId/headers`;
  app.get<{ Params: EndpointPath }>(
    path,
    {
      schema: {
        tags: [place.tag],
        operationId: `${place.operation}.get-headers`,
        summary: "Get the custom headers",
        description: "Sensitive ones are only named, never shown.",
        response: answers({ 200: HeadersOut }),
      },
    },
    async (request) => {
      const { key } = await place.endpointOf(request);
      const headers = await readEndpointHeaders(deps.storage, key);
      if (headers === undefined) throw notFound("Endpoint");
      const entries = Object.entries(headers);
      return {
        headers: Object.fromEntries(entries.filter(([name]) => !isSensitiveHeader(name))),
        sensitive: Object.keys(headers).filter(isSensitiveHeader),
      };
    },
  );

  app.put<{ Params: EndpointPath; Body: HeadersIn }>(
    path,
    {
      schema: {
        tags: [place.tag],
        operationId: `${place.operation}.update-headers`,
        summary: "Replace the custom headers",
        body: HeadersIn,
        response: answers({ 204: Nothing }),
      },
    },
    async (request, reply) => {
      const { key } = await place.endpointOf(request);
      const headers = checkHeaders(request.body.headers);
      const found = await changeEndpointHeaders(deps.storage, key, () => headers);
      if (!found) throw notFound("Endpoint");
      deps.engine.endpointChanged(key.endpointId);
      return await reply.code(204).send();
    },
  );

  app.patch<{ Params: EndpointPath; Body: HeadersPatch }>(
    path,
    {
      schema: {
        tags: [place.tag],
        operationId: `${place.operation}.patch-headers`,
        summary: "Set or remove some custom headers",
        body: HeadersPatch,
        response: answers({ 204: Nothing }),
      },
    },
    async (request, reply) => {
      const { key } = await place.endpointOf(request);
      const removed = (request.body.deleteHeaders ?? []).map((name) => [name, null] as const);
      const changes = { ...Object.fromEntries(removed), ...request.body.headers };
      const found = await changeEndpointHeaders(deps.storage, key, (current) =>
        checkHeaders(mergeHeaders(current, changes)),
      );
      if (!found) throw notFound("Endpoint");
      deps.engine.endpointChanged(key.endpointId);
      return await reply.code(204).send();
    },
  );
}

/** Svix changed the answer to a rotation within 2.x: libraries up to 2.6 were made for 204, later ones for a body. */
const ROTATED_SECRET_SINCE = [2, 7] as const;

function readsRotatedSecret(userAgent: string | undefined): boolean {
  const [, major, minor] = /^svix-libs\/(\d{1,4})\.(\d{1,4})\./.exec(userAgent ?? "") ?? [];
  if (major === undefined) return false;
  const [sinceMajor, sinceMinor] = ROTATED_SECRET_SINCE;
  return (
    Number(major) > sinceMajor || (Number(major) === sinceMajor && Number(minor) >= sinceMinor)
  );
}

export function registerEndpointSigning(
  app: FastifyInstance,
  deps: ApiDeps,
  place: EndpointPlace,
): void {
  registerSecret(app, deps, place);
  registerHeaders(app, deps, place);
}
