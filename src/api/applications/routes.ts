/** Applications: whose webhooks these are (`svix-api.md` §8.1). */
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import type { Application } from "../../storage/applications/application.ts";
import {
  type ApplicationOutcome,
  createApplication,
} from "../../storage/applications/create-application.ts";
import { deleteApplication } from "../../storage/applications/delete-application.ts";
import { findApplication } from "../../storage/applications/find-application.ts";
import { listApplications } from "../../storage/applications/list-applications.ts";
import { updateApplication } from "../../storage/applications/update-application.ts";
import type { ApiDeps } from "../deps.ts";
import { ApiError, notFound } from "../errors.ts";
import { type PageQuery, readPage, renderPage } from "../pagination.ts";
import { identityOf, pathName } from "../request.ts";
import { answers, Nothing, orderQuery, pageQuery } from "../schemas.ts";
import type { ApplicationPath, Scope } from "../scope.ts";
import {
  ApplicationIn,
  ApplicationList,
  ApplicationOut,
  ApplicationPatch,
  patchFields,
  renderApplication,
  toFields,
} from "./schema.ts";

const tags = ["Application"];
const DEFAULT_PUBLISHES = 'The application "default" publishes the events of pushes';

/** @throws 409 */
export function applicationOf(
  outcome: ApplicationOutcome | { kind: "missing" },
  uid: string | null,
): Application {
  if (outcome.kind === "done") return outcome.application;
  if (outcome.kind === "missing") throw notFound("Application");
  throw new ApiError("conflict", `An application with the uid ${uid} exists already.`);
}

/** Pushed actions publish to it, so it must stay and stay findable. */
function guardDefault(current: Application, isDefault: boolean, uid: string | null): void {
  if (!isDefault || uid === current.uid) return;
  const detail = `${DEFAULT_PUBLISHES}; its uid cannot be changed.`;
  throw new ApiError("default_application", detail);
}

function registerReads(app: FastifyInstance, { storage }: ApiDeps, scope: Scope): void {
  app.get<{ Querystring: PageQuery }>(
    "/app",
    {
      schema: {
        tags,
        operationId: "v1.application.list",
        summary: "List applications",
        querystring: Type.Object({ ...pageQuery, ...orderQuery }),
        response: answers({ 200: ApplicationList }),
      },
    },
    async (request) => {
      const page = readPage(request.query, { prefix: "app_", defaultOrder: "ascending" });
      const { environmentId } = identityOf(request);
      const rows = await listApplications(storage, environmentId, page.range);
      return renderPage(page, rows, {
        keyOf: (row) => row.applicationId,
        render: renderApplication,
      });
    },
  );

  app.get<{ Params: ApplicationPath }>(
    "/app/:appId",
    {
      schema: {
        tags,
        operationId: "v1.application.get",
        summary: "Get an application",
        response: answers({ 200: ApplicationOut }),
      },
    },
    async (request) => renderApplication(await scope.application(request, request.params)),
  );
}

function registerCreate(app: FastifyInstance, { storage, ids }: ApiDeps): void {
  app.post<{ Body: ApplicationIn; Querystring: { get_if_exists?: boolean } }>(
    "/app",
    {
      schema: {
        tags,
        operationId: "v1.application.create",
        summary: "Create an application",
        querystring: Type.Object({ get_if_exists: Type.Optional(Type.Boolean()) }),
        body: ApplicationIn,
        response: answers({ 200: ApplicationOut, 201: ApplicationOut }),
      },
    },
    async (request, reply) => {
      const { environmentId } = identityOf(request);
      const fields = toFields(request.body);
      const key = { environmentId, applicationId: ids.make("app_") };
      const outcome = await createApplication(storage, key, fields);
      if (outcome.kind === "uid_taken" && request.query.get_if_exists === true) {
        const existing = await findApplication(storage, environmentId, fields.uid ?? "");
        if (existing !== undefined) return renderApplication(existing);
      }
      reply.code(201);
      return renderApplication(applicationOf(outcome, fields.uid));
    },
  );

  app.put<{ Params: ApplicationPath; Body: ApplicationIn }>(
    "/app/:appId",
    {
      schema: {
        tags,
        operationId: "v1.application.update",
        summary: "Update an application, or create it",
        body: ApplicationIn,
        response: answers({ 200: ApplicationOut, 201: ApplicationOut }),
      },
    },
    async (request, reply) => {
      const { environmentId, defaultApplicationId } = identityOf(request);
      const fields = toFields(request.body);
      const name = pathName(request.params.appId, "Application");
      const existing = await findApplication(storage, environmentId, name);
      if (existing === undefined) {
        const key = { environmentId, applicationId: ids.make("app_") };
        reply.code(201);
        const outcome = await createApplication(storage, key, fields);
        return renderApplication(applicationOf(outcome, fields.uid));
      }
      const { applicationId } = existing;
      const key = { environmentId, applicationId };
      const isDefault = applicationId === defaultApplicationId;
      const outcome = await updateApplication(storage, key, (current) => {
        // Absent clears the uid of any other; this one is only renamed.
        if (isDefault && request.body.uid === undefined) return { ...fields, uid: current.uid };
        guardDefault(current, isDefault, fields.uid);
        return fields;
      });
      return renderApplication(applicationOf(outcome, fields.uid));
    },
  );
}

function registerChanges(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  const { storage } = deps;
  app.patch<{ Params: ApplicationPath; Body: ApplicationPatch }>(
    "/app/:appId",
    {
      schema: {
        tags,
        operationId: "v1.application.patch",
        summary: "Change parts of an application",
        body: ApplicationPatch,
        response: answers({ 200: ApplicationOut }),
      },
    },
    async (request) => {
      const { environmentId, defaultApplicationId } = identityOf(request);
      const { applicationId } = await scope.application(request, request.params);
      const key = { environmentId, applicationId };
      const outcome = await updateApplication(storage, key, (current) => {
        const fields = patchFields(current, request.body);
        guardDefault(current, applicationId === defaultApplicationId, fields.uid);
        return fields;
      });
      return renderApplication(applicationOf(outcome, request.body.uid ?? null));
    },
  );

  app.delete<{ Params: ApplicationPath }>(
    "/app/:appId",
    {
      schema: {
        tags,
        operationId: "v1.application.delete",
        summary: "Delete an application with its endpoints",
        response: answers({ 204: Nothing }),
      },
    },
    async (request, reply) => {
      const { environmentId, defaultApplicationId } = identityOf(request);
      const { applicationId } = await scope.application(request, request.params);
      if (applicationId === defaultApplicationId) {
        const detail = `${DEFAULT_PUBLISHES}; it cannot be deleted.`;
        throw new ApiError("default_application", detail);
      }
      const gone = await deleteApplication(storage, { environmentId, applicationId });
      if (gone === undefined) throw notFound("Application");
      for (const endpointId of gone) deps.engine.endpointChanged(endpointId);
      return await reply.code(204).send();
    },
  );
}

export function registerApplications(app: FastifyInstance, deps: ApiDeps, scope: Scope): void {
  registerReads(app, deps, scope);
  registerCreate(app, deps);
  registerChanges(app, deps, scope);
}
