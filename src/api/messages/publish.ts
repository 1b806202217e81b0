/** Publishing a message: the hot path of ingest. From the request's bytes to one durable commit. */
import type { FastifyRequest } from "fastify";
import type { UnixMs } from "../../core/types.ts";
import type { PublishOutcome } from "../../engine/engine.ts";
import type { Message } from "../../storage/messages/message.ts";
import { makeBroughtApplication } from "../applications/brought-application.ts";
import type { ApiDeps } from "../deps.ts";
import { ApiError, invalidAt } from "../errors.ts";
import { idempotencyMismatch, idempotencyOf } from "../idempotency.ts";
import { identityOf } from "../request.ts";
import { DAY_MS, readTime } from "../time-span.ts";
import type { Scope } from "../scope.ts";
import type { MessageIn } from "./schema.ts";

const SCHEDULED_DAYS_MAX = 30;

export type PublishHttpRequest = FastifyRequest<{ Params: { appId: string }; Body: MessageIn }>;

/** Bodies other than JSON are sent as JSON's content type, which is all that is sent. */
function checkRawHeaders(headers: unknown): void {
  if (headers === undefined || headers === null) return;
  const entries: [string, unknown][] =
    typeof headers === "object" ? Object.entries(headers) : [["headers", headers]];
  for (const [name, value] of entries) {
    if (name.toLowerCase() === "content-type" && value === "application/json") continue;
    const msg = "A message cannot bring headers of its own; set them on the endpoint.";
    throw invalidAt(["body", "transformationsParams", "headers"], msg, "not_implemented");
  }
}

function rawPayloadOf(params: MessageIn["transformationsParams"]): Buffer | undefined {
  const rawPayload = params?.["rawPayload"];
  checkRawHeaders(params?.["headers"]);
  if (rawPayload === undefined || rawPayload === null) return undefined;
  const loc = ["body", "transformationsParams", "rawPayload"];
  if (typeof rawPayload !== "string") throw invalidAt(loc, "rawPayload must be a string.");
  if (!rawPayload.isWellFormed()) throw invalidAt(loc, "rawPayload has a lone surrogate.");
  return Buffer.from(rawPayload);
}

/** The very bytes to store and send, and whether they were read as a JSON object. @throws 422 */
function payloadOf(request: PublishHttpRequest): { payload: Buffer; isObject: boolean } {
  const named = request.slices?.get("payload");
  const data = request.slices?.get("data");
  if (named !== undefined && data !== undefined) {
    throw invalidAt(["body", "data"], "Send payload or its alias data, not both.");
  }
  const payload = named ?? data;
  if (payload === undefined) {
    throw invalidAt(["body", "payload"], "payload is required.", "value_error.missing");
  }
  const raw = rawPayloadOf(request.body.transformationsParams);
  return raw === undefined ? { payload, isObject: true } : { payload: raw, isObject: false };
}

/** When the message is due; null: at once. @throws 422 */
function deliverAtOf({ deliverAt }: MessageIn, now: UnixMs): UnixMs | null {
  if (deliverAt === undefined || deliverAt === null) return null;
  const at = readTime(["body", "deliverAt"], deliverAt);
  if (at <= now + SCHEDULED_DAYS_MAX * DAY_MS) return at > now ? at : null;
  const msg = `deliverAt is at most ${SCHEDULED_DAYS_MAX} days in the future.`;
  throw invalidAt(["body", "deliverAt"], msg);
}

/** How long the payload is kept; null: as long as everything. @throws 422 */
function payloadHoursOf(body: MessageIn): number | null {
  const { payloadRetentionPeriod: days, payloadRetentionHours: hours } = body;
  if (days && hours) {
    const msg = "Send payloadRetentionPeriod or payloadRetentionHours, not both.";
    throw invalidAt(["body", "payloadRetentionHours"], msg);
  }
  return hours ?? (days ? days * 24 : null);
}

function listOrNull(values: string[] | null | undefined): string[] | null {
  return values === undefined || values === null || values.length === 0 ? null : values;
}

/** @throws 409, 422, 503 */
function acceptedOf(
  outcome: PublishOutcome,
  eventId: string | null,
): Extract<PublishOutcome, { kind: "accepted" | "replayed" }> {
  if (outcome.kind === "idempotency_mismatch") throw idempotencyMismatch();
  if (outcome.kind === "event_id_taken") {
    throw new ApiError("conflict", `A message with the eventId ${eventId} exists already.`);
  }
  if (outcome.kind === "overloaded") {
    const { retryAfterSeconds } = outcome;
    throw new ApiError("unavailable", "The database is behind; try again.", { retryAfterSeconds });
  }
  return outcome;
}

/** Accepts the message; it is durable once this resolves. */
export async function publish(
  deps: ApiDeps,
  scope: Scope,
  request: PublishHttpRequest,
): Promise<{ message: Message; isObject: boolean }> {
  const { body } = request;
  const { payload, isObject } = payloadOf(request);
  const deliverAt = deliverAtOf(body, deps.clock.now());
  const payloadHours = payloadHoursOf(body);
  const idempotency = idempotencyOf(request);
  const { environmentId } = identityOf(request);
  const applicationId =
    (await scope.applicationId(request, request.params.appId)) ??
    (await makeBroughtApplication(deps, request, body.application));
  const message = {
    eventId: body.eventId ?? null,
    eventType: body.eventType,
    channels: listOrNull(body.channels),
    tags: listOrNull(body.tags),
    payload,
    deliverAt,
  };
  const outcome = await deps.engine.publish({
    ...message,
    environmentId,
    applicationId,
    idempotency,
    payloadHours,
  });
  const { messageId, createdAt } = acceptedOf(outcome, message.eventId);
  deps.log.debug({ requestId: request.id, applicationId, messageId }, "Message accepted.");
  return { message: { ...message, messageId, createdAt, expired: false }, isObject };
}
