/** The headers of every delivery (`contract.md` §5), made once: to be sent, and to be shown afterwards. */

export interface SentHeaders {
  /** The endpoint's own; they cannot be any of ours. */
  custom: Record<string, string>;
  userAgent: string;
  messageId: string;
  eventType: string;
  timestampSeconds: number;
  /** Null: not known any more, so left out. */
  signature: string | null;
}

export function userAgentOf(version: string): string {
  return `Amps-Webhooks/${version}`;
}

export function sentHeaders(sent: SentHeaders): Record<string, string> {
  const { custom, userAgent, messageId, eventType, signature } = sent;
  const timestamp = String(sent.timestampSeconds);
  return {
    ...custom,
    "content-type": "application/json",
    "user-agent": userAgent,
    "svix-id": messageId,
    "svix-timestamp": timestamp,
    ...(signature !== null && { "svix-signature": signature }),
    "webhook-id": messageId,
    "webhook-timestamp": timestamp,
    ...(signature !== null && { "webhook-signature": signature }),
    "amps-event-type": eventType,
  };
}
