/** How a delivery stands, in one word, and what comes next, in a sentence. */
import type { ReactNode } from "react";
import type { DeliveryOut, MessageEndpointOut } from "../api/generated/paths.ts";
import { type Status, StatusBadge } from "../ui/badge.tsx";
import { Countdown } from "../ui/time.tsx";

export type DeliveryStatus = DeliveryOut["status"];
export type WaitingFor = DeliveryOut["waitingFor"];

const BADGES: Record<DeliveryStatus, Status> = {
  waiting: "waiting",
  backing_off: "backing off",
  parked: "parked",
  delivered: "delivered",
  exhausted: "exhausted",
  canceled: "cancelled",
};
const TITLES: Record<DeliveryStatus, string> = {
  waiting: "Owed, not attempted yet.",
  backing_off: "The last attempt failed; another one comes.",
  parked: "The endpoint is disabled; it is kept until it is enabled.",
  delivered: "An attempt was answered with 2xx.",
  exhausted: "No attempt succeeded, and none comes by itself.",
  canceled: "Its payload was removed before it was sent.",
};

export function DeliveryBadge({ status }: { status: DeliveryStatus }): ReactNode {
  return <StatusBadge status={BADGES[status]} title={TITLES[status]} />;
}

/** Of a message at an endpoint, in the log's words. */
export function deliveryStatusOf(
  { statusText, disabled }: Pick<MessageEndpointOut, "statusText" | "disabled">,
  attempts: number,
): DeliveryStatus {
  if (statusText === "success") return "delivered";
  if (statusText === "canceled") return "canceled";
  if (statusText === "fail") return "exhausted";
  if (disabled) return "parked";
  return attempts === 0 ? "waiting" : "backing_off";
}

const HELD: Record<NonNullable<WaitingFor>, string> = {
  scheduled: "Scheduled by its sender",
  retry: "Next attempt",
  endpoint_disabled: "Waits for the endpoint to be enabled",
  throttled: "Waits: the endpoint's rate is reached",
  application_throttled: "Waits: the application's rate is reached",
  failing: "Waits: the receiver only fails, a few attempts a second are made",
  breaker_open: "Waits: the receiver is down, only probes are sent",
  ramping: "Waits: the receiver is coming back, sent to bit by bit",
  turn: "Due, sent as soon as there is room",
  unknown: "Due at another node",
};

/** What it waits for, with a countdown where there is a time; nothing for what is over. */
export function NextStep({
  nextAttempt,
  waitingFor,
}: Pick<DeliveryOut, "nextAttempt" | "waitingFor">): ReactNode {
  if (nextAttempt === null) return null;
  if (waitingFor === "scheduled" || waitingFor === "retry" || waitingFor === null) {
    return (
      <>
        {waitingFor === "scheduled" ? "Scheduled" : "Next attempt"}{" "}
        <Countdown at={nextAttempt} past="now" lead="in " />
      </>
    );
  }
  return <>{HELD[waitingFor]}</>;
}
