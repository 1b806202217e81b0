/** The delivery log of an application: deliveries, and attempts, newest first, by every filter. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { findEndpoint } from "../../storage/endpoints/find-endpoint.ts";
import { type DeliveryStatus, readDeliveries } from "../../storage/log/read-deliveries.ts";
import { walkAttempts } from "../../storage/log/walk-attempts.ts";
import { walkMessages } from "../../storage/log/walk-messages.ts";
import { AttemptList, renderAttempt, status, statusFilter } from "../attempts/schema.ts";
import { waitingFor } from "../attempts/waiting-for.ts";
import type { ApiDeps } from "../deps.ts";
import { notFound } from "../errors.ts";
import { readPage } from "../pagination.ts";
import { pathName } from "../request.ts";
import { answers } from "../schemas.ts";
import type { ApplicationPath, Scope } from "../scope.ts";
import { readDeliveryPage } from "./delivery-page.ts";
import { DeliveryList, deliveryStatus, renderDelivery } from "./schema.ts";
import {
  renderWalk,
  restOf,
  searchFilter,
  type SearchQuery,
  searchQuery,
  walkPage,
} from "./search.ts";

const tags = ["Delivery Log"];
/** What such a delivery is must be found among what is owed. */
const OWED: ReadonlySet<DeliveryStatus> = new Set(["waiting", "backing_off", "parked"]);
const BOUNDED =
  "A request reads a bounded number of rows. A search for something rare may give a short or empty page " +
  "that is not `done`: ask again with its `iterator`.";

interface DeliveryQuery extends SearchQuery {
  status?: DeliveryStatus[];
}
interface AttemptQuery extends SearchQuery {
  status?: number;
  with_content?: boolean;
  with_msg?: boolean;
  expanded_statuses?: boolean;
}

/** The id of the endpoint that is searched for, a deleted one's too; null: any. @throws 404 */
async function endpointOf(
  { storage }: ApiDeps,
  applicationId: string,
  { endpoint_id: name }: SearchQuery,
): Promise<string | null> {
  if (name === undefined) return null;
  if (name.startsWith("ep_")) return name;
  const found = await findEndpoint(storage, applicationId, pathName(name, "Endpoint"));
  if (found === undefined) throw notFound("Endpoint");
  return found.endpointId;
}

function registerDeliveries(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  app.get<{ Params: ApplicationPath; Querystring: DeliveryQuery }>(
    "/app/:appId/delivery",
    {
      schema: {
        tags,
        operationId: "v1.delivery.list",
        summary: "List deliveries, one row for each message and endpoint, newest message first",
        description: `${BOUNDED} Filters by outcome, code and duration look at the last attempt.`,
        querystring: Type.Object({
          ...searchQuery,
          status: Type.Optional(Type.Array(deliveryStatus)),
        }),
        response: answers({ 200: DeliveryList }),
      },
    },
    async (request) => {
      const { query } = request;
      const now = deps.clock.now();
      const page = readDeliveryPage(query, now);
      const { applicationId } = await scope.application(request, request.params);
      const endpointId = await endpointOf(deps, applicationId, query);
      const { status: asked = [] } = query;
      const statuses = asked.length === 0 ? null : asked;
      const owed = statuses?.every((one) => OWED.has(one)) === true;
      const filter = { ...searchFilter(query), endpointId, statuses };
      const { lower, upper, range } = page;
      const walk = await walkPage(query, page.limit, async (from, count, limit) => {
        const next = restOf(range, from, count);
        const walked = await walkMessages(deps.storage, { ...filter, applicationId, owed }, next);
        const { messageIds, last, ended } = walked;
        const { ascending } = range;
        const of = { applicationId, messageIds, lower, upper, ascending, limit };
        const rows = messageIds.length === 0 ? [] : await readDeliveries(deps.storage, of, filter);
        return { rows, last, ended };
      });
      return renderWalk(walk, page, {
        keyOf: (row) => `${row.messageId}.${row.endpointId}`,
        render: (row) => renderDelivery(row, waitingFor(deps, row, now)),
      });
    },
  );
}

function registerAttemptSearch(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  app.get<{ Params: ApplicationPath; Querystring: AttemptQuery }>(
    "/app/:appId/attempt",
    {
      schema: {
        tags,
        operationId: "v1.message-attempt.search",
        summary: "List the attempts of all endpoints, newest first",
        description: BOUNDED,
        querystring: Type.Object({
          ...searchQuery,
          status: Type.Optional(status),
          with_content: Type.Optional(Type.Boolean({ default: false })),
          with_msg: Type.Optional(Type.Boolean({ default: false })),
          expanded_statuses: Type.Optional(Type.Boolean()),
        }),
        response: answers({ 200: AttemptList }),
      },
    },
    async (request: FastifyRequest<{ Params: ApplicationPath; Querystring: AttemptQuery }>) => {
      const { query } = request;
      const now = deps.clock.now();
      const page = readPage(query, { prefix: "atmpt_", defaultOrder: "descending", now });
      const { applicationId } = await scope.application(request, request.params);
      const endpointId = await endpointOf(deps, applicationId, query);
      const withContent = query.with_content ?? false;
      const expanded = query.expanded_statuses === true;
      const search = {
        ...searchFilter(query),
        applicationId,
        endpointId,
        withContent,
        statuses: statusFilter(query.status, query.expanded_statuses),
      };
      const walk = await walkPage(query, page.limit, async (from, count, rowsMax) => {
        const next = restOf(page.range, from, count);
        const { attempts, ...rest } = await walkAttempts(deps.storage, search, next, rowsMax);
        return { rows: attempts, ...rest };
      });
      const from = query.iterator?.replace(/^-/, "") ?? null;
      return renderWalk(
        walk,
        { ...page, from },
        {
          keyOf: (row) => row.attemptId,
          render: (row) =>
            renderAttempt(row, { withContent, withMessage: query.with_msg === true, expanded }),
        },
      );
    },
  );
}

export function registerDeliveryLog(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  registerDeliveries(app, deps, scope);
  registerAttemptSearch(app, deps, scope);
}
