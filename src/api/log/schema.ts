/** Deliveries on the wire: one row for each message and endpoint. */
import { Type } from "typebox";
import type { UnixMs } from "../../core/types.ts";
import type { Delivery, DeliveryStatus } from "../../storage/log/read-deliveries.ts";
import { type WaitingFor, waitingForOut } from "../attempts/waiting-for.ts";
import { dateTime, listOf, nullable } from "../schemas.ts";

export const deliveryStatus = Type.Unsafe<DeliveryStatus>({
  type: "string",
  enum: ["waiting", "backing_off", "parked", "delivered", "exhausted", "canceled"],
  description:
    "waiting: not attempted yet; backing_off: failed, and tried again; parked: the endpoint is disabled.",
});
const LastAttemptOut = Type.Object({
  id: Type.String(),
  timestamp: dateTime,
  responseStatusCode: Type.Integer({ description: "0 without an HTTP response." }),
  responseDurationMs: Type.Integer(),
  errorCode: nullable(Type.String()),
  errorMessage: nullable(Type.String()),
  triggerType: Type.Unsafe<number>({ type: "integer", enum: [0, 1] }),
});
export const DeliveryOut = Type.Object(
  {
    msgId: Type.String(),
    endpointId: Type.String(),
    eventType: Type.String(),
    eventId: nullable(Type.String()),
    channels: nullable(Type.Array(Type.String())),
    tags: nullable(Type.Array(Type.String())),
    createdAt: dateTime,
    deliverAt: nullable(dateTime),
    status: deliveryStatus,
    attempts: Type.Integer({ description: "Made so far." }),
    nextAttempt: nullable(dateTime),
    waitingFor: waitingForOut,
    lastAttempt: nullable(LastAttemptOut),
  },
  { title: "DeliveryOut" },
);
export const DeliveryList = listOf("ListResponse_DeliveryOut_", DeliveryOut);

const iso = (time: UnixMs): string => new Date(time).toISOString();
const isoOrNull = (time: UnixMs | null): string | null => (time === null ? null : iso(time));

export function renderDelivery(delivery: Delivery, waitsFor: WaitingFor | null): unknown {
  const { last } = delivery;
  return {
    msgId: delivery.messageId,
    endpointId: delivery.endpointId,
    eventType: delivery.eventType,
    eventId: delivery.eventId,
    channels: delivery.channels,
    tags: delivery.tags,
    createdAt: iso(delivery.createdAt),
    deliverAt: isoOrNull(delivery.deliverAt),
    status: delivery.status,
    attempts: delivery.attempts,
    nextAttempt: isoOrNull(delivery.nextAttemptAt),
    waitingFor: waitsFor,
    lastAttempt: last && {
      id: last.attemptId,
      timestamp: iso(last.attemptedAt),
      responseStatusCode: last.responseStatus,
      responseDurationMs: last.durationMs,
      errorCode: last.errorCode,
      errorMessage: last.errorMessage,
      triggerType: last.trigger,
    },
  };
}
