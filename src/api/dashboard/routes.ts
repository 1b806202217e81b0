/** Logging in to the dashboard, by password or by a link that the server printed. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { ApiError, invalidAt } from "../errors.ts";
import { answers, Nothing } from "../schemas.ts";
import { FOREIGN_ORIGIN } from "./origin.ts";
import { LoginIn, LoginOut, SessionOut } from "./schema.ts";
import type { Credential, Session, Sessions } from "./sessions.ts";

const tags = ["Dashboard"];
// They prove themselves who calls; and an answer with a token in it is never kept.
const config = { access: "none", ownIdempotency: true } as const;
const WRONG =
  "The password or the link is not right, or the link was used or has expired. " +
  "`npm run login-link` prints a new one.";

function credentialOf({ password, token }: LoginIn): Credential {
  if (password !== undefined && token === undefined) return { password };
  if (token !== undefined && password === undefined) return { token };
  throw invalidAt(["body"], "Send either password or token.", "value_error.missing");
}

/** @throws 401 */
async function sessionOf(sessions: Sessions, request: FastifyRequest): Promise<Session> {
  const session = sessions.isOwnOrigin(request.headers)
    ? await sessions.find(request.headers)
    : undefined;
  if (session === undefined) {
    throw new ApiError("authentication_failed", "Nobody is logged in, or the session has ended.");
  }
  return session;
}

async function login(
  { sessions, log }: ApiDeps,
  request: FastifyRequest<{ Body: LoginIn }>,
  reply: FastifyReply,
): Promise<{ csrfToken: string }> {
  const { headers, ip: address } = request;
  const answer = await sessions.login(credentialOf(request.body), { headers, address });
  const by = request.body.token === undefined ? "password" : "link";
  const fields = { requestId: request.id, address, by };
  if (answer.ok) {
    log.info(fields, "Somebody logged in to the dashboard.");
    reply.header("set-cookie", answer.cookie);
    return { csrfToken: answer.csrfToken };
  }
  log.warn({ ...fields, reason: answer.reason }, "A login to the dashboard was refused.");
  if (answer.reason === "foreign") throw new ApiError("insufficient access", FOREIGN_ORIGIN);
  if (answer.reason === "wrong") throw new ApiError("authentication_failed", WRONG);
  const { retryAfterSeconds } = answer;
  throw new ApiError("rate_limited", "Too many attempts to log in.", { retryAfterSeconds });
}

export function registerDashboard(app: FastifyInstance, deps: ApiDeps): void {
  const { sessions, version } = deps;
  app.post<{ Body: LoginIn }>(
    "/dashboard/login",
    {
      config,
      schema: {
        tags,
        operationId: "v1.dashboard.login",
        summary: "Log in to the dashboard, by password or login link; sets a cookie",
        body: LoginIn,
        response: answers({ 200: LoginOut }),
      },
    },
    async (request, reply) => await login(deps, request, reply),
  );

  app.get(
    "/dashboard/session",
    {
      config,
      schema: {
        tags,
        operationId: "v1.dashboard.session",
        summary: "The session of the cookie, and what it opens",
        response: answers({ 200: SessionOut }),
      },
    },
    async (request) => {
      const { csrfToken, environments, expiresAt } = await sessionOf(sessions, request);
      return {
        csrfToken,
        environments: environments.map(({ environmentId: id, mode, defaultApplicationId }) => ({
          id,
          mode,
          defaultApplicationId,
        })),
        expiresAt: new Date(expiresAt).toISOString(),
        version,
      };
    },
  );

  app.post(
    "/dashboard/logout",
    {
      config,
      schema: {
        tags,
        operationId: "v1.dashboard.logout",
        summary: "End the session of the cookie, on every node at once",
        response: answers({ 204: Nothing }),
      },
    },
    async (request, reply) => {
      const session = await sessionOf(sessions, request);
      if (!sessions.isMeant(session, request.headers)) {
        throw new ApiError("insufficient access", "The header amps-csrf-token is not right.");
      }
      await sessions.end(request.headers);
      return await reply.code(204).header("set-cookie", sessions.farewell).send();
    },
  );
}
