/** Attempts and what follows from them on the wire (`svix-api.md` §7, §8.6). */
import { Type } from "typebox";
import type { Attempt } from "../../storage/attempts/attempt.ts";
import type { AttemptStatus } from "../../storage/attempts/attempt.ts";
import type { Destination } from "../../storage/attempts/list-destinations.ts";
import type { EndpointMessage } from "../../storage/attempts/list-endpoint-messages.ts";
import type { Progress } from "../../storage/attempts/progress.ts";
import { endpointOutFields, renderEndpointFields } from "../endpoints/schema.ts";
import {
  MessageOut,
  messageOutFields,
  renderAttemptedMessage,
  renderMessage,
} from "../messages/schema.ts";
import { dateTime, listOf, nullable } from "../schemas.ts";
import { type WaitingFor, waitingForOut } from "./waiting-for.ts";

const STATUS = { success: 0, fail: 2, sending: 3, canceled: 4 } as const;
/** By number. Nothing is ever pending (1): that filter finds nothing. */
const STATUSES_OF: Record<number, AttemptStatus[]> = {
  0: ["success"],
  2: ["fail"],
  3: ["sending"],
  4: ["canceled"],
};
export const status = Type.Unsafe<number>({
  type: "integer",
  enum: [0, 1, 2, 3, 4],
  description: "0 success, 1 pending, 2 fail, 3 sending, 4 canceled.",
});
export const statusCodeClass = Type.Unsafe<number>({
  type: "integer",
  enum: [0, 100, 200, 300, 400, 500],
  description: "0 without an HTTP response.",
});

const statusFields = {
  status,
  statusText: Type.Unsafe<string>({
    type: "string",
    enum: ["success", "pending", "fail", "sending", "canceled"],
  }),
};
const nextAttempt = nullable(dateTime);

export const AttemptOut = Type.Object(
  {
    id: Type.String({ examples: ["atmpt_2tqVn7Yc4mJx8rLwKzB5dHf1sGp"] }),
    msgId: Type.String(),
    endpointId: Type.String(),
    url: Type.String(),
    response: Type.String({
      description: "First 16 KiB; base64 if it is not text. Without one, what went wrong.",
    }),
    responseStatusCode: Type.Integer({ description: "0 without an HTTP response." }),
    responseDurationMs: Type.Integer(),
    responseTruncated: Type.Boolean(),
    ...statusFields,
    triggerType: Type.Unsafe<number>({
      type: "integer",
      enum: [0, 1],
      description: "0 scheduled, 1 manual.",
    }),
    timestamp: dateTime,
    nextAttempt,
    errorCode: nullable(Type.String({ description: "Stable, e.g. timeout, refused, dns." })),
    errorMessage: nullable(Type.String()),
    msg: Type.Optional(nullable(MessageOut)),
  },
  { title: "MessageAttemptOut" },
);
export const AttemptList = listOf("ListResponse_MessageAttemptOut_", AttemptOut);
export const EndpointMessageOut = Type.Object(
  { ...messageOutFields, ...statusFields, nextAttempt, waitingFor: waitingForOut },
  { title: "EndpointMessageOut" },
);
export const EndpointMessageList = listOf("ListResponse_EndpointMessageOut_", EndpointMessageOut);
export const DestinationOut = Type.Object(
  { ...endpointOutFields, ...statusFields, nextAttempt, waitingFor: waitingForOut },
  { title: "MessageEndpointOut" },
);
export const DestinationList = listOf("ListResponse_MessageEndpointOut_", DestinationOut);

/** @param expanded whether the caller knows `canceled`; to others it is a failure */
export function statusFilter(
  value: number | undefined,
  expanded: boolean | undefined,
): AttemptStatus[] | null {
  if (value === undefined) return null;
  if (value === STATUS.fail && expanded !== true) return ["fail", "canceled"];
  return STATUSES_OF[value] ?? [];
}

function statusOf(text: AttemptStatus, expanded: boolean): object {
  const shown = text === "canceled" && !expanded ? "fail" : text;
  return { status: STATUS[shown], statusText: shown };
}

function timeOrNull(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Text as it came, except that a cut-off last character is dropped; anything else as base64. */
function showResponse({ responseBody, responseTruncated, errorMessage }: Attempt): string {
  if (responseBody.length === 0) return errorMessage ?? "";
  const cuts = responseTruncated ? [0, 1, 2, 3] : [0];
  for (const cut of cuts) {
    try {
      return decoder.decode(responseBody.subarray(0, responseBody.length - cut));
    } catch {
      // Not UTF-8 up to here.
    }
  }
  return responseBody.toString("base64");
}

export interface Shown {
  withContent: boolean;
  withMessage: boolean;
  /** Whether the caller knows `canceled`. */
  expanded: boolean;
}

function outcomeOf({ succeeded, nextAttemptAt, errorCode }: Attempt): AttemptStatus {
  if (succeeded) return "success";
  if (nextAttemptAt !== null) return "sending";
  return errorCode === "payload_gone" ? "canceled" : "fail";
}

export function renderAttempt(attempt: Attempt, shown: Shown): unknown {
  const { message } = attempt;
  return {
    id: attempt.attemptId,
    msgId: attempt.messageId,
    endpointId: attempt.endpointId,
    url: attempt.url,
    response: shown.withContent ? showResponse(attempt) : "{}",
    responseStatusCode: attempt.responseStatus,
    responseDurationMs: attempt.durationMs,
    responseTruncated: attempt.responseTruncated,
    ...statusOf(outcomeOf(attempt), shown.expanded),
    triggerType: attempt.trigger,
    timestamp: new Date(attempt.attemptedAt).toISOString(),
    nextAttempt: timeOrNull(attempt.nextAttemptAt),
    errorCode: attempt.errorCode,
    errorMessage: attempt.errorMessage,
    ...(shown.withMessage && {
      msg: message === null ? null : renderAttemptedMessage(attempt.messageId, message),
    }),
  };
}

export interface ShownProgress {
  expanded: boolean;
  waitsFor: WaitingFor | null;
}

function renderProgress(
  { status: text, nextAttemptAt }: Progress,
  { expanded, waitsFor }: ShownProgress,
): object {
  const waiting = { nextAttempt: timeOrNull(nextAttemptAt), waitingFor: waitsFor };
  return { ...statusOf(text, expanded), ...waiting };
}

export function renderEndpointMessage(
  row: EndpointMessage,
  { withContent, ...shown }: ShownProgress & { withContent: boolean },
): unknown {
  return { ...renderMessage(row.message, withContent), ...renderProgress(row, shown) };
}

export function renderDestination(destination: Destination, shown: ShownProgress): unknown {
  return {
    ...renderEndpointFields(destination.endpoint),
    ...renderProgress(destination, shown),
  };
}
