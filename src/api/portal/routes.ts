/** Access for portals: a link with a token that opens one application for a while (`svix-api.md` §8.7). */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { findApplication } from "../../storage/applications/find-application.ts";
import {
  addPortalSession,
  endPortalSession,
  expirePortalSessions,
} from "../../storage/portal/portal-session.ts";
import { makeBroughtApplication } from "../applications/brought-application.ts";
import type { ApiDeps } from "../deps.ts";
import { ApiError, notFound } from "../errors.ts";
import { identityOf, pathName } from "../request.ts";
import { answers, Nothing } from "../schemas.ts";
import type { ApplicationPath, Scope } from "../scope.ts";
import type { Capability } from "../tokens/tokens.ts";
import {
  DashboardAccessOut,
  ExpireAllIn,
  EXPIRY_SECONDS_MAX,
  PortalAccessIn,
  PortalAccessOut,
} from "./schema.ts";

const tags = ["Authentication"];
// A kept answer would hold the token; and asked twice, two tokens do no harm.
const config = { ownIdempotency: true };

function capabilitiesOf(body: PortalAccessIn): Capability[] | null {
  if (body.capabilities) return body.capabilities;
  return body.readOnly === true ? ["ViewBase"] : null;
}

/** The link of the portal. The token is in its fragment, which browsers keep to themselves. */
function linkOf(publicUrl: string, applicationId: string, token: string): string {
  const key = Buffer.from(JSON.stringify({ appId: applicationId, token })).toString("base64url");
  return `${publicUrl}/portal/#key=${key}`;
}

const ONLY_VERIFIES =
  "This server has only the public key of its tokens (AMPS_JWT_KEY): whoever has the private one makes them.";

async function grant(
  deps: ApiDeps,
  request: FastifyRequest<{ Params: ApplicationPath }>,
  body: PortalAccessIn,
): Promise<{ url: string; token: string }> {
  if (!deps.tokens.mints) throw new ApiError("not_implemented", ONLY_VERIFIES);
  const { environmentId } = identityOf(request);
  const name = pathName(request.params.appId, "Application");
  const found = await findApplication(deps.storage, environmentId, name);
  const applicationId =
    found?.applicationId ?? (await makeBroughtApplication(deps, request, body.application));
  const tokenId = deps.ids.make("tok_");
  const session = { environmentId, applicationId, tokenId, sessionId: body.sessionId ?? null };
  const lifetimeSeconds = body.expiry ?? EXPIRY_SECONDS_MAX;
  const expiresAt = await addPortalSession(deps.storage, session, lifetimeSeconds);
  if (expiresAt === undefined) throw notFound("Application");
  const token = deps.tokens.mintApplication(
    {
      environmentId,
      applicationId,
      featureFlags: body.featureFlags ?? [],
      capabilities: capabilitiesOf(body),
    },
    tokenId,
    expiresAt,
  );
  return { url: linkOf(deps.publicUrl(), applicationId, token), token };
}

function registerGrants(app: FastifyInstance, deps: ApiDeps): void {
  app.post<{ Params: ApplicationPath; Body: PortalAccessIn }>(
    "/auth/app-portal-access/:appId",
    {
      config,
      schema: {
        tags,
        operationId: "v1.authentication.app-portal-access",
        summary: "Open an application's portal",
        description: "A link for people, and the application token in it for scripts.",
        body: PortalAccessIn,
        response: answers({ 200: PortalAccessOut }),
      },
    },
    async (request) => await grant(deps, request, request.body),
  );

  app.post<{ Params: ApplicationPath }>(
    "/auth/dashboard-access/:appId",
    {
      config,
      schema: {
        tags,
        operationId: "v1.authentication.dashboard-access",
        summary: "As app-portal-access, without choices",
        deprecated: true,
        response: answers({ 200: DashboardAccessOut }),
      },
    },
    async (request) => await grant(deps, request, {}),
  );
}

function registerEnds(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  app.post<{ Params: ApplicationPath; Body: ExpireAllIn }>(
    "/auth/app/:appId/expire-all",
    {
      config,
      schema: {
        tags,
        operationId: "v1.authentication.expire-all",
        summary: "End an application's tokens",
        description: "All of them, or those of some sessions; at once, on every node.",
        body: ExpireAllIn,
        response: answers({ 204: Nothing }),
      },
    },
    async (request, reply) => {
      const { environmentId } = identityOf(request);
      const { applicationId } = await scope.application(request, request.params);
      const { expiry, sessionIds } = request.body;
      const named = sessionIds && sessionIds.length > 0 ? sessionIds : null;
      await expirePortalSessions(
        deps.storage,
        { environmentId, applicationId },
        expiry ?? 0,
        named,
      );
      return await reply.code(204).send();
    },
  );

  app.post(
    "/auth/logout",
    {
      config,
      schema: {
        tags,
        operationId: "v1.authentication.logout",
        summary: "End this token",
        description: "The application token that it is called with.",
        response: answers({ 204: Nothing }),
      },
    },
    async (request, reply) => {
      const { portal } = identityOf(request);
      const { applicationId, tokenId } = portal ?? { tokenId: null };
      if (applicationId === undefined || tokenId === null) {
        const detail = "Only a token of app-portal-access can log out.";
        throw new ApiError("insufficient access", detail);
      }
      await endPortalSession(deps.storage, { applicationId, tokenId });
      return await reply.code(204).send();
    },
  );
}

export function registerPortalAccess(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  registerGrants(app, deps);
  registerEnds(app, deps, scope);
}
