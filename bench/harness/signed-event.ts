/** The event signed as Amps signs it, for those who send it without Amps. */
import { createHmac, randomBytes, randomFillSync } from "node:crypto";
import { IdSource } from "../../src/core/ids.ts";
import { EVENT_BODY, EVENT_TYPE } from "./event.ts";

const ids = new IdSource(Date.now, (bytes) => void randomFillSync(bytes));
const key = randomBytes(24);

export const SIGNED_BODY = Buffer.from(EVENT_BODY);

export function makeMessageId(): string {
  return ids.make("msg_");
}

/** All headers of a delivery, signed now, by what Node has for that: the floor is no code of Amps. */
export function signedHeaders(messageId: string, body: Buffer): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const lead = `${messageId}.${timestamp}.`;
  const digest = createHmac("sha256", key).update(lead).update(body).digest("base64");
  const signature = `v1,${digest}`;
  return {
    "content-type": "application/json",
    "user-agent": "Amps-Webhooks/bench",
    "svix-id": messageId,
    "svix-timestamp": timestamp,
    "svix-signature": signature,
    "webhook-id": messageId,
    "webhook-timestamp": timestamp,
    "webhook-signature": signature,
    "amps-event-type": EVENT_TYPE,
  };
}
