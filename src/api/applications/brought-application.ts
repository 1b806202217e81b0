/** The application that a request names and brings along, in case there is none (`svix-api.md` §8.5). */
import type { FastifyRequest } from "fastify";
import { createApplication } from "../../storage/applications/create-application.ts";
import { findApplication } from "../../storage/applications/find-application.ts";
import type { ApiDeps } from "../deps.ts";
import { invalidAt, notFound } from "../errors.ts";
import { identityOf } from "../request.ts";
import type { ApplicationPath } from "../scope.ts";
import { type ApplicationIn, toFields } from "./schema.ts";

type Request = FastifyRequest<{ Params: ApplicationPath }>;

/** Makes it, unless it exists. @returns its id @throws 404 when none was brought, 422 */
export async function makeBroughtApplication(
  deps: Pick<ApiDeps, "storage" | "ids">,
  request: Request,
  application: ApplicationIn | null | undefined,
): Promise<string> {
  if (!application) throw notFound("Application");
  const loc = ["body", "application", "uid"];
  if (!application.uid) {
    const msg = "application.uid is required and must equal the uid in the path.";
    throw invalidAt(loc, msg, "application_uid_missing");
  }
  if (application.uid !== request.params.appId) {
    const msg = "application.uid must equal the uid in the path.";
    throw invalidAt(loc, msg, "application_uid_mismatch");
  }
  const { environmentId } = identityOf(request);
  const key = { environmentId, applicationId: deps.ids.make("app_") };
  const outcome = await createApplication(deps.storage, key, toFields(application));
  if (outcome.kind === "done") return outcome.application.applicationId;
  const existing = await findApplication(deps.storage, environmentId, application.uid);
  if (existing === undefined) throw notFound("Application");
  return existing.applicationId;
}

/** @returns its id @throws 404 when there is none and none was brought, 422 */
