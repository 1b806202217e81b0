/** Watching an application as it happens, by server-sent events. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { findApplication } from "../../storage/applications/find-application.ts";
import type { ApiDeps } from "../deps.ts";
import { ApiError } from "../errors.ts";
import { identityOf } from "../request.ts";
import { answers } from "../schemas.ts";
import type { ApplicationPath, Scope } from "../scope.ts";
import { OVERLAP_MS } from "./feed.ts";
import { LiveHub } from "./hub.ts";
import { readNews, type WatchedApplication } from "./news.ts";
import { LiveStream, readLastEventId } from "./stream.ts";

/** Who was away for longer should look at the lists again. */
const RESUMED_MS_MAX = 60 * 60_000;
const RETRY_AFTER_SECONDS = 10;
const DETAILS = {
  caller: "This key, session or portal watches in too many places already; close some.",
  node: "This node has as many watchers as it serves; try again, or look at the lists.",
} as const;

const Events = Type.String({
  contentMediaType: "text/event-stream",
  description:
    "Events `message`, `attempt`, `endpoint`, `task` with small JSON; `gap`: more happened than is told; " +
    "`end`: the stream ends. An event may come twice. A comment comes every 15 s.",
});

function checkRoom(hub: LiveHub, callerId: string, application: WatchedApplication): void {
  const shortage = hub.shortage(callerId, application);
  if (shortage === undefined) return;
  throw new ApiError("rate_limited", DETAILS[shortage], {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}

/** As the request was allowed: by the same key, session or token, and while the application is there. */
function mayWatch(
  { authenticate, storage }: ApiDeps,
  request: FastifyRequest,
  application: WatchedApplication,
): () => Promise<boolean> {
  const { environmentId, applicationId } = application;
  const { headers, ip, method, query } = request;
  return async () => {
    const answer = await authenticate({ headers, ip, method, query }, true);
    if (!answer.ok || answer.identity.environmentId !== environmentId) return false;
    return (await findApplication(storage, environmentId, applicationId)) !== undefined;
  };
}

/** @param deps with storage that outlives the request; what is read is of `application` alone */
async function catchUp(
  { storage, clock }: ApiDeps,
  application: WatchedApplication,
  { stream, since }: { stream: LiveStream; since: number },
): Promise<void> {
  const tooLong = clock.now() - since > RESUMED_MS_MAX;
  if (tooLong) {
    stream.told([], true);
    return;
  }
  const { news, cutAt } = await readNews(storage, application, since - OVERLAP_MS);
  stream.told(news, cutAt.length > 0);
}

export function registerLive(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  const { storage, clock, log } = deps;
  const hub = new LiveHub({ storage, clock, log });
  app.addHook("preClose", async () => hub.endAll());
  app.get<{ Params: ApplicationPath; Querystring: { environment?: string } }>(
    "/app/:appId/live",
    {
      exposeHeadRoute: false,
      schema: {
        tags: ["Live"],
        operationId: "v1.live.watch",
        summary: "Watch an application: messages, attempts, endpoints and tasks as they happen",
        querystring: Type.Object({
          environment: Type.Optional(
            Type.String({
              description:
                "In the place of the header amps-environment, for a session's EventSource.",
            }),
          ),
        }),
        response: answers({ 200: Events }),
      },
    },
    async (request, reply) => {
      const { environmentId, callerId } = identityOf(request);
      const { applicationId } = await scope.application(request, request.params);
      const application = { environmentId, applicationId };
      checkRoom(hub, callerId, application);
      const stream = new LiveStream({ clock, mayWatch: mayWatch(deps, request, application) });
      const end = (): void => stream.end("stopping");
      const remove = hub.add(callerId, application, { listener: stream, end });
      stream.readable.once("close", remove);
      const since = readLastEventId(request.headers["last-event-id"], clock.now());
      if (since !== undefined) await catchUp(deps, application, { stream, since });
      reply.headers({ "content-type": "text/event-stream", "x-accel-buffering": "no" });
      return await reply.send(stream.readable);
    },
  );
}
