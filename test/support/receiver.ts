/**
 * A real HTTP receiver for tests: records every request as it came, answers as the test says, and
 * lets the test wait for requests instead of sleeping.
 */
import { once } from "node:events";
import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
  createServer,
} from "node:http";
import type { Server } from "node:net";

export interface ReceivedRequest {
  /** 1 for the first. */
  n: number;
  method: string;
  /** Path and query. */
  url: string;
  /** Lower-case names. */
  headers: IncomingHttpHeaders;
  /** Name, value, name, value in the order and letter case received. */
  rawHeaders: string[];
  body: Buffer;
  receivedAt: number;
}

export interface Answer {
  status?: number;
  headers?: OutgoingHttpHeaders;
  body?: string | Uint8Array;
  /** Wait so long before answering. */
  delayMs?: number;
  /** Never answer; the connection stays open until `close`. */
  hang?: boolean;
  /** Reset the connection instead of answering. */
  reset?: boolean;
}

export type Handler = (request: ReceivedRequest) => Answer | void | Promise<Answer | void>;

export interface Receiver {
  /** `http://127.0.0.1:port`, without a trailing slash. */
  url: string;
  port: number;
  requests: readonly ReceivedRequest[];
  /** Connections accepted so far. */
  connections(): number;
  /** Answers of the next requests, in order; after them the handler decides again. */
  script(...answers: Answer[]): void;
  /** The n-th request, counted from 1; rejects after `timeoutMs` telling what did arrive. */
  nth(n: number, timeoutMs?: number): Promise<ReceivedRequest>;
  /** The first request, past or future, for which `predicate` holds. */
  matching(
    predicate: (request: ReceivedRequest) => boolean,
    timeoutMs?: number,
  ): Promise<ReceivedRequest>;
  /** Kills open sockets and stops listening. */
  close(): Promise<void>;
}

const WAIT_MS = 10_000;
const SHOWN_BODY_LENGTH_MAX = 200;

interface Waiter {
  predicate: (request: ReceivedRequest) => boolean;
  resolve: (request: ReceivedRequest) => void;
}

function describe(requests: readonly ReceivedRequest[]): string {
  if (requests.length === 0) return "no request arrived";
  const lines = requests.map(({ n, method, url, headers, body }) => {
    const id = headers["svix-id"] === undefined ? "" : ` svix-id=${String(headers["svix-id"])}`;
    return `  ${n}. ${method} ${url}${id} ${body.toString().slice(0, SHOWN_BODY_LENGTH_MAX)}`;
  });
  return `${requests.length} arrived:\n${lines.join("\n")}`;
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(request, "end");
  return Buffer.concat(chunks);
}

async function reply(answer: Answer, response: ServerResponse): Promise<void> {
  if (answer.hang === true) return;
  if (answer.delayMs !== undefined) {
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, answer.delayMs);
    await promise;
  }
  if (answer.reset === true) {
    response.socket?.resetAndDestroy();
    return;
  }
  response.writeHead(answer.status ?? 200, answer.headers ?? {});
  response.end(answer.body ?? "");
}

/** The port a listening TCP server got. */
export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not listening on TCP");
  return address.port;
}

/** Listens on a free loopback port; without a handler it answers 200 with an empty body. */
export async function startReceiver(handler: Handler = () => ({})): Promise<Receiver> {
  const requests: ReceivedRequest[] = [];
  const waiters = new Set<Waiter>();
  const scripted: Answer[] = [];
  let connections = 0;

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(incoming);
    const request: ReceivedRequest = {
      n: requests.length + 1,
      method: incoming.method ?? "",
      url: incoming.url ?? "",
      headers: incoming.headers,
      rawHeaders: incoming.rawHeaders,
      body,
      receivedAt: Date.now(),
    };
    requests.push(request);
    for (const waiter of waiters) {
      if (!waiter.predicate(request)) continue;
      waiters.delete(waiter);
      waiter.resolve(request);
    }
    await reply(scripted.shift() ?? (await handler(request)) ?? {}, response);
  }

  const server = createServer((incoming, response) => {
    // A sender that gives up in the middle of a request is normal in tests of senders.
    serve(incoming, response).catch(() => response.destroy());
  });
  server.on("connection", () => connections++);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = portOf(server);

  function matching(
    predicate: Waiter["predicate"],
    timeoutMs: number = WAIT_MS,
    what = "a matching request",
  ): Promise<ReceivedRequest> {
    const past = requests.find((request) => predicate(request));
    if (past !== undefined) return Promise.resolve(past);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiters.delete(waiter);
        reject(new Error(`Waited ${timeoutMs} ms for ${what}; ${describe(requests)}`));
      }, timeoutMs);
      const waiter: Waiter = {
        predicate,
        resolve: (request) => {
          clearTimeout(timer);
          resolve(request);
        },
      };
      waiters.add(waiter);
    });
  }

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    connections: () => connections,
    script: (...answers) => void scripted.push(...answers),
    nth: (n, timeoutMs) => matching((request) => request.n === n, timeoutMs, `request ${n}`),
    matching: (predicate, timeoutMs) => matching(predicate, timeoutMs),
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
