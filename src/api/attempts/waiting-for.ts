/** Why a delivery is not attempted at this moment, in one word. */
import { Type } from "typebox";
import { bucketOf } from "../../core/bucket.ts";
import type { UnixMs } from "../../core/types.ts";
import type { ApiDeps } from "../deps.ts";
import { nullable } from "../schemas.ts";

const REASONS = [
  "scheduled",
  "retry",
  "endpoint_disabled",
  "throttled",
  "application_throttled",
  "failing",
  "breaker_open",
  "ramping",
  "turn",
  "unknown",
] as const;
export type WaitingFor = (typeof REASONS)[number];

export const waitingForOut = nullable(
  Type.Unsafe<WaitingFor>({
    type: "string",
    enum: [...REASONS],
    description:
      "Null: nothing is owed. turn: it is due, and attempted as soon as there is room. " +
      "unknown: another node sends to the endpoint.",
  }),
);

export interface Owed {
  /** Null: nothing is owed. */
  nextAttemptAt: UnixMs | null;
  disabled: boolean;
  deliverAt: UnixMs | null;
  endpointId: string;
}

/** What another node's memory holds cannot be told here. */
export function waitingFor(
  { engine }: Pick<ApiDeps, "engine">,
  { nextAttemptAt, disabled, deliverAt, endpointId }: Owed,
  now: UnixMs,
): WaitingFor | null {
  if (nextAttemptAt === null) return null;
  if (disabled) return "endpoint_disabled";
  const isScheduled = deliverAt !== null && nextAttemptAt <= deliverAt;
  if (nextAttemptAt > now) return isScheduled ? "scheduled" : "retry";
  if (!engine.owns(bucketOf(endpointId))) return "unknown";
  return engine.waiting(endpointId)?.because ?? "turn";
}
