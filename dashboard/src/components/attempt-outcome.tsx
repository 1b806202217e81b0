/** How an attempt ended, in words. */
import type { ReactNode } from "react";
import type { MessageAttemptOut } from "../api/generated/paths.ts";
import type { Status } from "../ui/badge.tsx";
import { StatusBadge } from "../ui/badge.tsx";

const STATUSES: Record<MessageAttemptOut["statusText"], Status> = {
  success: "success",
  pending: "waiting",
  sending: "retrying",
  fail: "failed",
  canceled: "cancelled",
};

const TITLES: Record<MessageAttemptOut["statusText"], string> = {
  success: "The receiver answered 2xx.",
  pending: "Not attempted yet.",
  sending: "Failed; it is tried again.",
  fail: "Failed, and not tried again by itself.",
  canceled: "Not sent: the payload was expunged before.",
};

export function AttemptBadge({ attempt }: { attempt: MessageAttemptOut }): ReactNode {
  const { statusText } = attempt;
  return <StatusBadge status={STATUSES[statusText]} title={TITLES[statusText]} />;
}

/** `200`, `503`, or what went wrong before there was a status. */
export function outcomeOf(attempt: MessageAttemptOut): string {
  const { responseStatusCode, errorMessage, errorCode } = attempt;
  if (responseStatusCode > 0) return String(responseStatusCode);
  return errorMessage ?? errorCode ?? "No answer";
}
