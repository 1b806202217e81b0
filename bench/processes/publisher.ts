/** The load generator: posts to the API, as fast as it answers or at a given rate. */
import { setTimeout as delay } from "node:timers/promises";
import { type Methods, serve } from "../harness/child.ts";
import { HttpConnection } from "../harness/http-connection.ts";
import { type Pace, startPace } from "../harness/pace.ts";
import { monotonicMs } from "../harness/time.ts";

/** A busy battery, or a server that asks for patience: tried again, after the others. */
const REFUSALS = new Set([409, 429, 503]);
const REFUSED_PAUSE_MS = 1;

export interface Api {
  url: string;
  apiKey: string;
}

export interface Saturation extends Api {
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
      if (!REFUSALS.has(answer.status)) throw new Error(`${answer.status}: ${answer.body}`);
      left += 1;
      refused += 1;
      await delay(REFUSED_PAUSE_MS);
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: connections }, (_, number) => run(number)));
  return { startedAt, endedAt: monotonicMs(), refused };
}

export interface Target {
  path: string;
  body: string;
}

/** One event that was accepted. */
export interface Published {
  /** Index into the targets. */
  target: number;
  id: string;
  requestedAt: number;
  acceptedAt: number;
}

/** Connections as many as are needed at once. */
class Connections {
  readonly #api: Api;
  readonly #idle: HttpConnection[] = [];
  readonly #all: HttpConnection[] = [];

  constructor(api: Api) {
    this.#api = api;
  }

  async post({ path, body }: Target): Promise<string | undefined> {
    const connection = this.#idle.pop() ?? this.#open();
    const answer = await connection.post(path, body);
    this.#idle.push(connection);
    if (answer.status === 202) return answer.body;
    if (REFUSALS.has(answer.status)) return undefined;
    throw new Error(`${path}: ${answer.status}: ${answer.body}`);
  }

  close(): void {
    for (const connection of this.#all) connection.close();
  }

  #open(): HttpConnection {
    const connection = new HttpConnection(this.#api.url, this.#api.apiKey);
    this.#all.push(connection);
    return connection;
  }
}

let stopPace: () => void = () => undefined;

const methods = {
  saturate,

  /** Publishes to the targets in turn, at a rate. @returns what was accepted */
  async pace({ targets, ...options }: Api & Pace & { targets: Target[] }): Promise<Published[]> {
    const connections = new Connections(options);
    const published: Published[] = [];
    const loop = startPace(options, async (number) => {
      const target = number % targets.length;
      const requestedAt = monotonicMs();
      const body = await connections.post(targets[target] ?? { path: "", body: "" });
      const acceptedAt = monotonicMs();
      const id = body === undefined ? undefined : /"id": *"([^"]+)"/.exec(body)?.[1];
      if (id !== undefined) published.push({ target, id, requestedAt, acceptedAt });
    });
    stopPace = loop.stop;
    await loop.done;
    connections.close();
    return published;
  },

  async stopPace(): Promise<void> {
    stopPace();
  },
} satisfies Methods;

export type Publisher = typeof methods;

serve(methods);
