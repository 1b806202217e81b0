/** Publishing a message: the hot path of ingest. From the request's bytes to one durable commit. */
import type { FastifyRequest } from "fastify";
import type { UnixMs } from "../../core/types.ts";
import type { PublishOutcome } from "../../engine/engine.ts";
import type { IdempotencyKey } from "../../storage/idempotency/idempotent-request.ts";
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

/** A body that fits the schema, with the exact bytes of its opaque members. */
export interface PublishBody {
  body: MessageIn;
  slices: ReadonlyMap<string, Buffer> | null;
}

/** What a body says of the message to publish. */
export interface PublishedMessage {
  message: Pick<Message, "eventId" | "eventType" | "channels" | "tags" | "deliverAt"> & {
    payload: Buffer;
  };
  payloadHours: number | null;
  /** The payload was read as a JSON object. */
  isObject: boolean;
}

/** Whose message it is, and the request that brings it. */
export interface PublishPlace {
  requestId: string;
  environmentId: string;
  applicationId: string;
  idempotency: IdempotencyKey | null;
}

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
function payloadOf({ body, slices }: PublishBody): { payload: Buffer; isObject: boolean } {
  const named = slices?.get("payload");
  const data = slices?.get("data");
  if (named !== undefined && data !== undefined) {
    throw invalidAt(["body", "data"], "Send payload or its alias data, not both.");
  }
  const payload = named ?? data;
  if (payload === undefined) {
    throw invalidAt(["body", "payload"], "payload is required.", "value_error.missing");
  }
  const raw = rawPayloadOf(body.transformationsParams);
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

type Accepted = Extract<PublishOutcome, { kind: "accepted" | "replayed" }>;

/** 409, 422 or 503. */
function refusalOf(outcome: Exclude<PublishOutcome, Accepted>, eventId: string | null): ApiError {
  if (outcome.kind === "idempotency_mismatch") return idempotencyMismatch();
  if (outcome.kind === "event_id_taken") {
    return new ApiError("conflict", `A message with the eventId ${eventId} exists already.`);
  }
  const { retryAfterSeconds } = outcome;
  return new ApiError("unavailable", "The database is behind; try again.", { retryAfterSeconds });
}

/** @throws 422 */
export function readPublished(asked: PublishBody, now: UnixMs): PublishedMessage {
  const { body } = asked;
  const { payload, isObject } = payloadOf(asked);
  const message = {
    eventId: body.eventId ?? null,
    eventType: body.eventType,
    channels: listOrNull(body.channels),
    tags: listOrNull(body.tags),
    payload,
    deliverAt: deliverAtOf(body, now),
  };
  return { message, payloadHours: payloadHoursOf(body), isObject };
}

/**
 * Accepts the message; it is durable once it is told as `stored`. By callbacks, which may not throw: of promises, five
 * for each publish waited for its commit.
 * @param refused with 409, 422 or 503
 */
export function storePublished(
  { engine, log }: Pick<ApiDeps, "engine" | "log">,
  { requestId, published, ...place }: PublishPlace & { published: PublishedMessage },
  stored: (message: Message) => void,
  refused: (error: unknown) => void,
): void {
  const { message, payloadHours } = published;
  const tell = (outcome: PublishOutcome): void => {
    if (!("messageId" in outcome)) {
      refused(refusalOf(outcome, message.eventId));
      return;
    }
    const { messageId, createdAt } = outcome;
    log.debug({ requestId, applicationId: place.applicationId, messageId }, "Message accepted.");
    stored({ ...message, messageId, createdAt, expired: false });
  };
  engine.publishFor({ ...message, ...place, payloadHours }, tell, refused);
}

/** The route's part: whose message it is, and the message itself. */
export async function publish(
  deps: ApiDeps,
  scope: Scope,
  request: PublishHttpRequest,
): Promise<{ message: Message; isObject: boolean }> {
  const published = readPublished(request, deps.clock.now());
  const idempotency = idempotencyOf(request);
  const identity = identityOf(request);
  const applicationId =
    (await scope.applicationId(identity, request.params.appId)) ??
    (await makeBroughtApplication(deps, request, request.body.application));
  const { environmentId } = identity;
  const place = { requestId: request.id, environmentId, applicationId, idempotency };
  const message = await new Promise<Message>((stored, refused) =>
    storePublished(deps, { ...place, published }, stored, refused),
  );
  return { message, isObject: published.isObject };
}
