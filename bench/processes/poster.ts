/**
 * The send floor: the HTTP client alone, signing and posting, nothing stored. As good as it gets:
 * bare `dispatch` of undici with an empty handler, no deadline, no guard, no record.
 */
import { randomBytes, randomFillSync } from "node:crypto";
import { Agent, type Dispatcher } from "undici";
import { IdSource } from "../../src/core/ids.ts";
import { signatureHeader } from "../../src/core/signature.ts";
import { type Methods, serve } from "../harness/child.ts";
import { EVENT_BODY, EVENT_TYPE } from "../harness/event.ts";
import { monotonicMs } from "../harness/time.ts";

/** Requests under way or waiting for a connection, so that none is idle for a turn of the loop. */
const AHEAD = 2;
const WARM_UP_SHARE = 0.05;

const ids = new IdSource(Date.now, (bytes) => void randomFillSync(bytes));
const key = randomBytes(24);
const body = Buffer.from(EVENT_BODY);

/** The headers of a delivery, signed now. */
function signedHeaders(messageId: string): Record<string, string> {
  const timestampSeconds = Math.floor(Date.now() / 1000);
  const timestamp = String(timestampSeconds);
  const signature = signatureHeader([key], { messageId, timestampSeconds, body });
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

function makeAgent(connections: number): Agent {
  return new Agent({ connections, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
}

async function post(
  agent: Agent,
  url: string,
  { requests, connections }: { requests: number; connections: number },
): Promise<void> {
  let started = 0;
  let ended = 0;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const start = (): void => {
    started += 1;
    const headers = signedHeaders(ids.make("msg_"));
    agent.dispatch({ origin: url, path: "/hook", method: "POST", headers, body }, handler);
  };
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart: () => undefined,
    onResponseStart: (_controller, status) => {
      if (status !== 200) reject(new Error(`The receiver answered ${status}.`));
    },
    onResponseData: () => undefined,
    onResponseEnd: () => {
      ended += 1;
      if (ended === requests) resolve();
      else if (started < requests) start();
    },
    onResponseError: (_controller, error) => reject(error),
  };
  const ahead = Math.min(requests, connections * AHEAD);
  for (let number = 0; number < ahead; number += 1) start();
  await promise;
}

export interface Posted {
  requests: number;
  tookMs: number;
  /** Of this process, user and system. */
  cpuUs: number;
}

const methods = {
  /** Posts as fast as it can. */
  async saturate({
    url,
    requests,
    connections,
  }: {
    url: string;
    requests: number;
    connections: number;
  }): Promise<Posted> {
    const agent = makeAgent(connections);
    const warmUp = Math.ceil(requests * WARM_UP_SHARE);
    await post(agent, url, { requests: warmUp, connections });
    const cpuBefore = process.cpuUsage();
    const startedAt = monotonicMs();
    await post(agent, url, { requests, connections });
    const tookMs = monotonicMs() - startedAt;
    const { user, system } = process.cpuUsage(cpuBefore);
    await agent.close();
    return { requests, tookMs, cpuUs: user + system };
  },
} satisfies Methods;

export type Poster = typeof methods;

serve(methods);
