/** Messages on the wire (`svix-api.md` §8.5). */
import { Type, type Static, type TProperties } from "typebox";
import type { AttemptedMessage } from "../../storage/attempts/attempt.ts";
import type { Message } from "../../storage/messages/message.ts";
import { ApplicationIn } from "../applications/schema.ts";
import { RawJson } from "../json-text.ts";
import {
  dateTime,
  eventTypeName,
  listOf,
  messageChannels,
  nullable,
  tags,
  uidOf,
} from "../schemas.ts";

const payload = Type.Unsafe<object>({
  type: "object",
  description: "Stored, signed and sent byte for byte as it is written here.",
});

/** Of a body: kept byte for byte. */
export const OPAQUE_MEMBERS = ["payload", "data"];

export const MessageIn = Type.Object(
  {
    eventType: eventTypeName,
    payload: Type.Optional(payload),
    data: Type.Optional(Type.Unsafe<object>({ ...payload, description: "Alias of payload." })),
    eventId: Type.Optional(nullable(uidOf("msg_"))),
    channels: Type.Optional(nullable(messageChannels)),
    tags: Type.Optional(nullable(tags)),
    application: Type.Optional(nullable(ApplicationIn)),
    payloadRetentionPeriod: Type.Optional(
      nullable(
        Type.Integer({
          minimum: 1,
          maximum: 90,
          description: "Days until the payload is removed.",
        }),
      ),
    ),
    payloadRetentionHours: Type.Optional(
      nullable(Type.Integer({ minimum: 1, maximum: 2160, description: "The same in hours." })),
    ),
    deliverAt: Type.Optional(
      nullable(
        Type.String({
          format: "date-time",
          description: "Not sent before; at most 30 days ahead. What is past is sent at once.",
        }),
      ),
    ),
    transformationsParams: Type.Optional(
      nullable(
        Type.Unsafe<Record<string, unknown>>({
          type: "object",
          properties: {
            rawPayload: {
              type: "string",
              description: "Sent as the body instead of `payload`, which is then ignored.",
            },
          },
        }),
      ),
    ),
  },
  { title: "MessageIn" },
);
export type MessageIn = Static<typeof MessageIn>;

export const messageOutFields: TProperties = {
  id: Type.String({ examples: ["msg_2tqVn7Yc4mJx8rLwKzB5dHf1sGp"] }),
  eventId: nullable(Type.String()),
  eventType: Type.String(),
  payload: Type.Unsafe<object>({ type: "object" }),
  channels: nullable(Type.Array(Type.String())),
  tags: nullable(Type.Array(Type.String())),
  timestamp: dateTime,
  deliverAt: nullable(dateTime),
};
export const MessageOut = Type.Object(messageOutFields, { title: "MessageOut" });
export const MessageList = listOf("ListResponse_MessageOut_", MessageOut);

function isJsonObject(text: string): boolean {
  if (!/^\s*\{/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A payload as it is shown: itself, or wrapped when it was raw text. */
function showPayload(bytes: Buffer, isObject: boolean): unknown {
  const text = bytes.toString("utf8");
  return isObject || isJsonObject(text) ? new RawJson(text) : { rawPayload: text };
}

/**
 * @param withContent whether the payload was asked for
 * @param isObject it is known to be a JSON object; otherwise that is found out
 */
export function renderMessage(
  message: Message,
  withContent: boolean,
  isObject = false,
): Record<string, unknown> {
  const { payload: bytes } = message;
  const shown = withContent && bytes !== null ? showPayload(bytes, isObject) : {};
  return {
    id: message.messageId,
    eventId: message.eventId,
    eventType: message.eventType,
    payload: withContent && message.expired ? { expired: true } : shown,
    channels: message.channels,
    tags: message.tags,
    timestamp: new Date(message.createdAt).toISOString(),
    deliverAt: message.deliverAt === null ? null : new Date(message.deliverAt).toISOString(),
  };
}

/** The message of an attempt, whose payload is never shown there. */
export function renderAttemptedMessage(messageId: string, message: AttemptedMessage): unknown {
  return renderMessage({ ...message, messageId, payload: null, expired: false }, false);
}
