/**
 * A way past Node's HTTP server and fastify for what is sent all day: plain publishes and pushes by callers that are
 * known. Everything else takes the usual way, on the same port and connection.
 *
 * `ingest`, alternated, five runs each: 9,300 events/s and 93.3 µs of Node's CPU an event by the usual way, 10,900
 * and 72.1 by this one (two busy cores; 0.195 and 0.233 of the floor); `actions`, the same: 4,340 → 4,600
 * pushes/s, 207 → 186 µs. With nothing but a body read and the event published, Node's HTTP server took 15 µs more
 * than a socket that is read here, and fastify with our hooks 15 more (two runs each). Not taken: light requests
 * of our own below fastify, which save only the first of both and hang on what fastify touches.
 */
import type { FastifyInstance } from "fastify";
import type { Admission, Socket } from "../admission.ts";
import type { ApiDeps } from "../deps.ts";
import { answerClientError } from "../error-handling.ts";
import type { RequestWatch } from "../request-watch.ts";
import { Answers } from "./answers.ts";
import { FastConnection } from "./connection.ts";
import { FastDispatcher, type TakeAnswer } from "./dispatch.ts";
import type { FastRequest } from "./request-head.ts";

/** Node waits that much longer than it says, for requests that are on their way. */
const KEEP_ALIVE_GRACE_MS = 1_000;

const CHECK_MS = 1_000;

/** What the server as a whole has, for whoever answers beside it. */
export interface Front {
  /** Node's HTTP server takes the connection, with what was put back into it. */
  handOver: (socket: Socket) => void;
  /** How long a connection may take until its first request. */
  firstRequestMs: number;
  admission: Admission;
  watch: RequestWatch;
  nextRequestId: () => string;
  /** Whether answers are the last on their connections. */
  isClosing: () => boolean;
}

/** Takes Node's own listener from a server that does not listen yet. @returns what it did with a connection */
export function takeConnections(server: FastifyInstance["server"]): Front["handOver"] {
  const [usual, ...others] = server.listeners("connection");
  if (usual === undefined || others.length > 0) {
    throw new Error("Connections are taken from a server that nothing else listens to.");
  }
  server.removeAllListeners("connection");
  return (socket) => usual.call(server, socket);
}

/** @param app its routes may still come, until it listens */
export function installFastPath(app: FastifyInstance, deps: ApiDeps, front: Front): void {
  const { server, fastRoutes: routes } = app;
  const { keepAliveTimeout: keepAliveMs } = server;
  const open = new Set<FastConnection>();
  const { clock, publicUrl } = deps;
  const { isClosing } = front;
  const answers = new Answers({ clock, publicUrl, keepAliveMs, isClosing });
  const dispatcher = new FastDispatcher({ deps, ...front, answers });
  const connectionOptions = {
    routes,
    serve: (request: FastRequest, connection: FastConnection, take: TakeAnswer) =>
      dispatcher.serve(request, connection, take),
    handOver: front.handOver,
    refuse: (socket: Socket, code: string) => answerClientError({ code }, socket),
    firstRequestMs: front.firstRequestMs,
    keepAliveMs: keepAliveMs + KEEP_ALIVE_GRACE_MS,
    isClosing,
    onLeft: (connection: FastConnection) => open.delete(connection),
  };
  server.on("connection", (socket) => {
    open.add(new FastConnection(socket, connectionOptions));
  });
  const checks = setInterval(() => {
    for (const connection of open) connection.checkIdle();
  }, CHECK_MS).unref();
  app.addHook("preClose", (done) => {
    clearInterval(checks);
    for (const connection of open) connection.close();
    done();
  });
}
