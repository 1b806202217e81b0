/** Endpoints of one application, each for its own event type: load spreads over their buckets. */
import { randomBytes } from "node:crypto";
import { call } from "../../test/support/server-process.ts";

export function makeSecret(): string {
  return `whsec_${randomBytes(24).toString("base64")}`;
}

async function make(url: string, body: object): Promise<void> {
  const made = await call(url, { body });
  if (made.status === 201) return;
  throw new Error(`${url} answered ${made.status}: ${JSON.stringify(made.body)}`);
}

/** @returns the event types, one per endpoint */
export async function makeEndpoints(
  serverUrl: string,
  options: { receiverUrl: string; secret: string; count: number },
): Promise<string[]> {
  const { receiverUrl, secret, count } = options;
  const types: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const eventType = `prove.${index}`;
    await make(`${serverUrl}/api/v1/event-type`, { name: eventType, description: "of a proof" });
    const url = `${receiverUrl}/${index}`;
    await make(`${serverUrl}/api/v1/app/default/endpoint`, {
      url,
      eventTypes: [eventType],
      secret,
    });
    types.push(eventType);
  }
  return types;
}
