/** Actions: lists, one, cancel. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { identityOf } from "../api/request.ts";
import { parseDateTime } from "../api/validation.ts";
import { type ActionState, changeState } from "../core/action.ts";
import type { UnixMs } from "../core/types.ts";
import type { Action } from "../storage/actions/action.ts";
import { getAction } from "../storage/actions/get-action.ts";
import { countActions, listActions } from "../storage/actions/list-actions.ts";
import { findDevice } from "./device-routes.ts";
import { COUNT_MAX, paginate } from "./page.ts";
import { Refusal } from "./refusals.ts";
import { actionResource } from "./resources.ts";
import type { BatteryContext } from "./context.ts";
import {
  ActionOut,
  ActionParams,
  ActionsQuerySchema,
  answers,
  answersPage,
  DeviceActionsQuerySchema,
  DeviceParams,
  NoQuerySchema,
  type PageQuery,
  pageOf,
} from "./schemas.ts";

const TAGS = ["Action"];
const ID = /^act_[0-9A-Za-z]{27}$/;

interface ActionsQuery extends PageQuery {
  state?: ActionState;
  deviceId?: string;
  deviceType?: string;
  userId?: string;
  after?: string;
  before?: string;
}

function timeOf(text: string | undefined): UnixMs | null {
  return text === undefined ? null : (parseDateTime(text) ?? null);
}

/** The action of the path. @throws Refusal 404, also for another environment's */
async function findAction({ storage }: BatteryContext, request: FastifyRequest): Promise<Action> {
  const { actionId } = request.params as { actionId: string }; // Declared by every such route.
  const { environmentId } = identityOf(request);
  const action = ID.test(actionId) ? await getAction(storage, environmentId, actionId) : undefined;
  if (action === undefined) throw new Refusal("NOT_FOUND");
  return action;
}

async function answerList(
  { storage, envelope }: BatteryContext,
  query: ActionsQuery,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
): Promise<FastifyReply> {
  const { environmentId } = identityOf(request);
  const page = pageOf(query);
  const { state = null, deviceType = null, userId = null, deviceId = null } = query;
  const [after, before] = [timeOf(query.after), timeOf(query.before)];
  const filter = { state, deviceType, userId, after, before };
  const [actions, counted] = await Promise.all([
    listActions(storage, deviceId, {
      environmentId,
      filter,
      offset: page.offset,
      limit: page.limit + 1,
    }),
    countActions(storage, deviceId, { environmentId, filter, countMax: COUNT_MAX + 1 }),
  ]);
  const { rows, pagination } = paginate(actions, counted, page);
  return envelope.page(reply, rows.map(actionResource), pagination);
}

export function registerActionRoutes(app: FastifyInstance, context: BatteryContext): void {
  app.get<{ Querystring: ActionsQuery }>("/actions", {
    schema: {
      operationId: "action.list",
      summary: "List actions, newest first",
      tags: TAGS,
      querystring: ActionsQuerySchema,
      response: answersPage(ActionOut),
    },
    handler: (request, reply) => answerList(context, request.query, { request, reply }),
  });

  app.get<{ Querystring: ActionsQuery }>("/battery/:deviceId/actions", {
    schema: {
      operationId: "battery.action.list",
      summary: "List a battery's actions, newest first",
      tags: TAGS,
      params: DeviceParams,
      querystring: DeviceActionsQuerySchema,
      response: answersPage(ActionOut),
    },
    handler: async (request, reply) => {
      const { device } = await findDevice(context, request);
      const query = { ...request.query, deviceId: device.deviceId };
      return answerList(context, query, { request, reply });
    },
  });

  app.get("/actions/:actionId", {
    schema: {
      operationId: "action.get",
      summary: "One action",
      description: "What to poll where webhooks cannot be received.",
      tags: TAGS,
      params: ActionParams,
      querystring: NoQuerySchema,
      response: answers(200, ActionOut),
    },
    handler: async (request, reply) =>
      context.envelope.success(reply, 200, actionResource(await findAction(context, request))),
  });

  app.post("/actions/:actionId/cancel", {
    schema: {
      operationId: "action.cancel",
      summary: "Cancel a scheduled action",
      description: "Only before it starts; afterwards 409 ACTION_NOT_CANCELLABLE.",
      tags: TAGS,
      params: ActionParams,
      querystring: NoQuerySchema,
      response: answers(200, ActionOut),
    },
    handler: async (request) => {
      const { state, actionId } = await findAction(context, request);
      const change = changeState(state, "cancelled");
      // No battery supports scheduled actions yet, so none can be in a state to cancel.
      if (change.ok) throw new Error(`${actionId} is scheduled, which no push can ask for.`);
      throw new Refusal("ACTION_NOT_CANCELLABLE", {
        message: `The action is ${state}; only an action that is scheduled can be cancelled.`,
        details: { reason: change.reason, state, cancellableStates: ["scheduled"] },
      });
    },
  });
}
