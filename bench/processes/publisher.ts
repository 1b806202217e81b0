/** The load generator: posts to the API, as fast as it answers or at a given rate. */
import { setTimeout as delay } from "node:timers/promises";
import { type Methods, serve } from "../harness/child.ts";
import { HttpConnection } from "../harness/http-connection.ts";
import { monotonicMs } from "../harness/time.ts";

/** A battery that is still busy is tried again after the others. */
const BUSY = 409;
const BUSY_PAUSE_MS = 1;

export interface Saturation {
  url: string;
  apiKey: string;
  /** Each connection takes its share of them in turn. */
  paths: string[];
  body: string;
  /** To be accepted. */
  requests: number;
  connections: number;
}

export interface Saturated {
  startedAt: number;
  endedAt: number;
  /** 409: refused because a battery was busy. */
  refused: number;
}

async function saturate(options: Saturation): Promise<Saturated> {
  const { url, apiKey, paths, body, requests } = options;
  const connections = Math.min(options.connections, requests);
  let left = requests;
  let refused = 0;
  const startedAt = monotonicMs();
  const run = async (number: number): Promise<void> => {
    const own = paths.filter((_, index) => index % connections === number);
    const mine = own.length === 0 ? paths : own;
    const connection = new HttpConnection(url, apiKey);
    for (let turn = 0; left > 0; turn += 1) {
      left -= 1;
      const answer = await connection.post(mine[turn % mine.length] ?? "", body);
      if (answer.status === 202) continue;
      if (answer.status !== BUSY) throw new Error(`${answer.status}: ${answer.body}`);
      left += 1;
      refused += 1;
      await delay(BUSY_PAUSE_MS);
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: connections }, (_, number) => run(number)));
  return { startedAt, endedAt: monotonicMs(), refused };
}

const methods = { saturate } satisfies Methods;

export type Publisher = typeof methods;

serve(methods);
