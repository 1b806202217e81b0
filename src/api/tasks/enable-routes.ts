/** Enabling an endpoint, on request with everything that it missed, and disabling it. Amps's own. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type, type Static } from "typebox";
import { bucketOf } from "../../core/bucket.ts";
import { firstIdAt } from "../../core/ids.ts";
import type { UnixMs } from "../../core/types.ts";
import { enableEndpoint } from "../../storage/endpoints/enable-endpoint.ts";
import type { Endpoint, EndpointKey } from "../../storage/endpoints/endpoint.ts";
import { type EndpointChange, updateEndpoint } from "../../storage/endpoints/update-endpoint.ts";
import type { Telling } from "../../storage/operational/publish-endpoint-event.ts";
import type { NewTask } from "../../storage/tasks/create-task.ts";
import { requireCapability } from "../access.ts";
import type { ApiDeps } from "../deps.ts";
import { EndpointOut, renderEndpoint } from "../endpoints/schema.ts";
import { invalidAt, notFound } from "../errors.ts";
import { identityOf } from "../request.ts";
import { answers, dateTime, nullable } from "../schemas.ts";
import type { EndpointPath, Scope } from "../scope.ts";
import { DAY_MS, readTime, spanProblem } from "../time-span.ts";
import { EVERYTHING, REPLAY_DAYS_MAX } from "./replay-routes.ts";
import { renderStarted, ReplayOut } from "./schema.ts";

/** Messages that were accepted while the endpoint was being disabled have ids from before; clocks differ too. */
const MARGIN_MS = 60_000;

const EnableIn = Type.Object(
  {
    sendMissed: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          "Send what failed for good and what was published meanwhile, one attempt each.",
      }),
    ),
    since: Type.Optional(
      nullable(
        Type.String({
          format: "date-time",
          description: "From when on; by default since it has been failing, or disabled.",
        }),
      ),
    ),
  },
  { title: "EndpointEnableIn" },
);
type EnableIn = Static<typeof EnableIn>;

const EnableOut = Type.Object(
  {
    endpoint: EndpointOut,
    since: nullable(dateTime),
    tasks: Type.Array(ReplayOut, {
      description: "Background tasks that send what was missed; empty: nothing was asked for.",
    }),
  },
  { title: "EndpointEnableOut" },
);

/** Undefined: nothing is to be sent; null: since it stopped. @throws 422 */
function readSince(body: EnableIn, now: UnixMs): UnixMs | null | undefined {
  const { sendMissed = false, since } = body;
  if (!sendMissed) {
    if (since === undefined || since === null) return undefined;
    throw invalidAt(["body", "since"], "since is only for sendMissed: true.");
  }
  if (since === undefined || since === null) return null;
  const at = readTime(["body", "since"], since);
  const problem = spanProblem({ since: at, until: now }, REPLAY_DAYS_MAX);
  if (problem !== undefined) throw invalidAt(["body", "since"], problem);
  return at;
}

/** Since when it missed something, as far back as messages are kept; not what is older than itself. */
function missedSince({ failingSince, disabledAt, createdAt }: Endpoint, now: UnixMs): UnixMs {
  const stopped = Math.min(failingSince ?? now, disabledAt ?? now);
  return Math.max(stopped - MARGIN_MS, createdAt, now - REPLAY_DAYS_MAX * DAY_MS);
}

/** What failed for good, and what was never attempted: between them they have no message in common. */
function missedTasks(
  deps: ApiDeps,
  environmentId: string,
  key: EndpointKey,
  { since, until }: { since: UnixMs; until: UnixMs },
): NewTask[] {
  const bucket = bucketOf(key.endpointId);
  const common = { ...key, environmentId, bucket };
  return [
    {
      ...common,
      kind: "endpoint.recover",
      taskId: deps.ids.make("qtask_"),
      filter: { ...EVERYTHING, statuses: ["fail"] },
      startPosition: firstIdAt("atmpt_", since),
      endPosition: firstIdAt("atmpt_", until),
    },
    {
      ...common,
      kind: "endpoint.replay",
      taskId: deps.ids.make("qtask_"),
      filter: EVERYTHING,
      startPosition: firstIdAt("msg_", since),
      // Of nodes whose clocks are ahead. What was published after the enabling is owed, not missing.
      endPosition: firstIdAt("msg_", until + MARGIN_MS),
    },
  ];
}

function tellingOf(deps: ApiDeps, request: FastifyRequest): Required<Telling> {
  const { environmentId } = identityOf(request);
  return { environmentId, makeEventId: () => deps.ids.make("msg_") };
}

function registerEnable(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  app.post<{ Params: EndpointPath; Body: EnableIn }>(
    "/app/:appId/endpoint/:endpointId/enable",
    {
      schema: {
        tags: ["Endpoint"],
        operationId: "v1.endpoint.enable",
        summary: "Enable an endpoint, and send what it missed",
        description:
          "Amps's own. One commit: what is sent is sent whatever process dies. An endpoint that is enabled " +
          "already stays as it is, and the tasks that still send to it are named.",
        body: EnableIn,
        response: answers({ 200: EnableOut }),
      },
    },
    async (request) => {
      if (request.body.sendMissed === true) requireCapability(request, "CreateAttempts");
      const now = deps.clock.now();
      const asked = readSince(request.body, now);
      const { key } = await scope.endpoint(request, request.params);
      const telling = tellingOf(deps, request);
      let since: UnixMs | null = null;
      const tasksFor = (disabled: Endpoint): NewTask[] => {
        if (asked === undefined) return [];
        since = asked ?? missedSince(disabled, now);
        return missedTasks(deps, telling.environmentId, key, { since, until: now });
      };
      const outcome = await enableEndpoint(deps.storage, key, tasksFor, telling);
      if (outcome === undefined) throw notFound("Endpoint");
      if (outcome.changed) deps.engine.endpointChanged(key.endpointId);
      if (outcome.tasks.length > 0) deps.engine.taskCreated();
      return {
        endpoint: renderEndpoint(outcome.endpoint),
        since: since === null ? null : new Date(since).toISOString(),
        tasks: outcome.tasks.map(renderStarted),
      };
    },
  );
}

function registerDisable(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  app.post<{ Params: EndpointPath }>(
    "/app/:appId/endpoint/:endpointId/disable",
    {
      schema: {
        tags: ["Endpoint"],
        operationId: "v1.endpoint.disable",
        summary: "Disable an endpoint; what waits for it is kept",
        description:
          "Amps's own: as PATCH with `disabled`. One that is disabled already stays as it is.",
        response: answers({ 200: EndpointOut }),
      },
    },
    async (request) => {
      const { endpoint, key } = await scope.endpoint(request, request.params);
      if (endpoint.disabled) return renderEndpoint(endpoint);
      const change = (current: Endpoint): EndpointChange => ({
        fields: {
          ...current,
          disabled: true,
          disabledReason: current.disabledReason ?? "manual",
        },
        credentials: undefined,
      });
      const outcome = await updateEndpoint(deps.storage, key, change, tellingOf(deps, request));
      if (outcome.kind !== "done") throw notFound("Endpoint");
      deps.engine.endpointChanged(key.endpointId);
      return renderEndpoint(outcome.endpoint);
    },
  );
}

export function registerEnabling(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  registerDisable(app, deps, scope);
  registerEnable(app, deps, scope);
}
