/**
 * What each kind of caller may do in the webhook API. An application token (of a portal) may do what is
 * listed here for its own application and nothing else: a new route is closed to it until it is listed.
 */
import type { FastifyRequest } from "fastify";
import { findApplication } from "../storage/applications/find-application.ts";
import type { Storage } from "../storage/storage.ts";
import type { Identity, Portal } from "./identity.ts";
import { ApiError, notFound } from "./errors.ts";
import { identityOf, pathName } from "./request.ts";
import type { Capability } from "./tokens/tokens.ts";

const READS = new Set(["GET", "HEAD"]);
const BASE = "/api/v1";
const ENDPOINT = "/app/:appId/endpoint/:endpointId";
const MESSAGE = "/app/:appId/msg/:msgId";

/** Route → what a portal needs for it, null: nothing (`svix-api.md` §2). HEAD is as GET. */
const PORTAL_ROUTES = new Map<string, Capability | null>([
  ["GET /app/:appId", "ViewBase"],
  ["GET /app/:appId/attempt", "ViewBase"],
  ["GET /app/:appId/attempt/endpoint/:endpointId", "ViewBase"],
  ["GET /app/:appId/attempt/msg/:msgId", "ViewBase"],
  ["GET /app/:appId/delivery", "ViewBase"],
  ["GET /app/:appId/endpoint", "ViewBase"],
  ["POST /app/:appId/endpoint", "ManageEndpoint"],
  ["POST /app/:appId/endpoint/check", "ManageEndpoint"],
  ["GET /app/:appId/issue", "ViewBase"],
  ["GET /app/:appId/issue/:issueId", "ViewBase"],
  ["POST /app/:appId/issue/:issueId/acknowledge", "ManageEndpoint"],
  ["POST /app/:appId/issue/:issueId/resolve", "ManageEndpoint"],
  ["GET /app/:appId/live", "ViewBase"],
  ["GET /app/:appId/msg", "ViewBase"],
  [`GET ${MESSAGE}`, "ViewBase"],
  [`GET ${MESSAGE}/raw`, "ViewBase"],
  [`GET ${MESSAGE}/attempt`, "ViewBase"],
  [`GET ${MESSAGE}/attempt/:attemptId`, "ViewBase"],
  [`GET ${MESSAGE}/attempt/:attemptId/headers`, "ViewBase"],
  [`GET ${MESSAGE}/endpoint`, "ViewBase"],
  [`GET ${MESSAGE}/endpoint/:endpointId/attempt`, "ViewBase"],
  [`POST ${MESSAGE}/endpoint/:endpointId/resend`, "CreateAttempts"],
  [`GET ${ENDPOINT}`, "ViewBase"],
  [`PUT ${ENDPOINT}`, "ManageEndpoint"],
  [`PATCH ${ENDPOINT}`, "ManageEndpoint"],
  [`DELETE ${ENDPOINT}`, "ManageEndpoint"],
  [`POST ${ENDPOINT}/disable`, "ManageEndpoint"],
  // And CreateAttempts, where it sends what was missed.
  [`POST ${ENDPOINT}/enable`, "ManageEndpoint"],
  [`GET ${ENDPOINT}/headers`, "ViewBase"],
  [`PUT ${ENDPOINT}/headers`, "ManageEndpoint"],
  [`PATCH ${ENDPOINT}/headers`, "ManageEndpoint"],
  [`GET ${ENDPOINT}/retry-schedule`, "ViewBase"],
  [`GET ${ENDPOINT}/msg`, "ViewBase"],
  [`GET ${ENDPOINT}/secret`, "ViewEndpointSecret"],
  [`GET ${ENDPOINT}/secret/old`, "ViewBase"],
  [`POST ${ENDPOINT}/secret/rotate`, "ManageEndpointSecret"],
  [`GET ${ENDPOINT}/stats`, "ViewBase"],
  [`GET ${ENDPOINT}/statistics`, "ViewBase"],
  ["GET /app/:appId/statistics", "ViewBase"],
  ["GET /app/:appId/statistics/total", "ViewBase"],
  [`POST ${ENDPOINT}/recover`, "CreateAttempts"],
  [`POST ${ENDPOINT}/replay-missing`, "CreateAttempts"],
  [`POST ${ENDPOINT}/bulk-replay`, "CreateAttempts"],
  ["GET /background-task/:taskId", "ViewBase"],
  ["POST /background-task/:taskId/cancel", "CreateAttempts"],
  ["GET /event-type", "ViewBase"],
  ["GET /event-type/:eventTypeName", "ViewBase"],
  ["POST /retry-schedule/preview", "ViewBase"],
  ["POST /auth/logout", null],
]);

/** What a portal needs for a route; undefined: it is only for the organisation. */
function portalNeeds(method: string, url: string): Capability | null | undefined {
  const path = url.startsWith(BASE) ? url.slice(BASE.length) : url;
  return PORTAL_ROUTES.get(`${method === "HEAD" ? "GET" : method} ${path}`);
}

function refuse(detail: string): never {
  throw new ApiError("insufficient access", detail);
}

function lacks({ capabilities }: Portal, capability: Capability): boolean {
  return capabilities !== null && !capabilities.includes(capability);
}

function refuseWithout(capability: Capability): never {
  refuse(`This token lacks the capability ${capability}.`);
}

/** For what a route does only when it is asked to. @throws 403 */
export function requireCapability(request: FastifyRequest, capability: Capability): void {
  const { portal } = identityOf(request);
  if (portal !== null && lacks(portal, capability)) refuseWithout(capability);
}

/** The application in the path must be the token's; any other is as absent as one of nobody. */
async function checkApplication(
  storage: Storage,
  environmentId: string,
  request: FastifyRequest,
  { applicationId }: Portal,
): Promise<void> {
  const { appId } = request.params as { appId?: string };
  if (appId === undefined || appId === applicationId) return;
  const found = await findApplication(storage, environmentId, pathName(appId, "Application"));
  if (found?.applicationId !== applicationId) throw notFound("Application");
}

/** What a key may do. @throws 403 */
export function checkScope({ scope }: Identity, request: FastifyRequest): void {
  if (scope === "full") return;
  if (READS.has(request.method) && request.route.config.access !== "full") return;
  refuse("This key may only read; use a key with full access.");
}

/** What a portal's token may do. @throws 403, 404 */
export async function checkPortal(
  storage: Storage,
  { identity, portal }: { identity: Identity; portal: Portal },
  request: FastifyRequest,
): Promise<void> {
  const needed = portalNeeds(request.method, request.route.url ?? "");
  if (needed === undefined) refuse("An application token cannot do this; use an API key.");
  // Whose it is comes first: what exists elsewhere is not for this token to learn.
  await checkApplication(storage, identity.environmentId, request, portal);
  if (needed !== null && lacks(portal, needed)) refuseWithout(needed);
}
