/**
 * The send floor: the HTTP client alone, signing and posting, nothing stored. As good as it gets:
 * bare `dispatch` of undici with an empty handler, no deadline, no guard, no record.
 */
import { Agent, type Dispatcher } from "undici";
import { type Methods, serve } from "../harness/child.ts";
import { type Pace, startPace } from "../harness/pace.ts";
import { makeMessageId, SIGNED_BODY, signedHeaders } from "../harness/signed-event.ts";
import { monotonicMs } from "../harness/time.ts";

/** Requests under way or waiting for a connection, so that none is idle for a turn of the loop. */
const AHEAD = 2;
const WARM_UP_SHARE = 0.05;

function makeAgent(connections: number): Agent {
  return new Agent({ connections, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
}

/** One signed request; its end is told to the handler. */
function dispatch(
  agent: Agent,
  origin: string,
  messageId: string,
  handler: Dispatcher.DispatchHandler,
): void {
  const headers = signedHeaders(messageId, SIGNED_BODY);
  agent.dispatch({ origin, path: "/hook", method: "POST", headers, body: SIGNED_BODY }, handler);
}

function handlerOf(
  onEnd: () => void,
  onFailure: (error: Error) => void,
): Dispatcher.DispatchHandler {
  return {
    onRequestStart: () => undefined,
    onResponseStart: (_controller, status) => {
      if (status !== 200) onFailure(new Error(`The receiver answered ${status}.`));
    },
    onResponseData: () => undefined,
    onResponseEnd: onEnd,
    onResponseError: (_controller, error) => onFailure(error),
  };
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
    dispatch(agent, url, makeMessageId(), handler);
  };
  const handler = handlerOf(() => {
    ended += 1;
    if (ended === requests) resolve();
    else if (started < requests) start();
  }, reject);
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

interface Load {
  url: string;
  requests: number;
  connections: number;
}

const methods = {
  /** Posts as fast as it can. */
  async saturate({ url, requests, connections }: Load): Promise<Posted> {
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

  /** Posts at a rate. @returns message id → when its request was begun */
  async pace({ url, ...pace }: Pace & { url: string }): Promise<Map<string, number>> {
    const agent = makeAgent(64);
    const begun = new Map<string, number>();
    const loop = startPace(pace, () => {
      const messageId = makeMessageId();
      begun.set(messageId, monotonicMs());
      return new Promise<void>((resolve, reject) => {
        dispatch(agent, url, messageId, handlerOf(resolve, reject));
      });
    });
    await loop.done;
    await agent.close();
    return begun;
  },
} satisfies Methods;

export type Poster = typeof methods;

serve(methods);
