/** How the server takes its leave: nobody who was served a moment ago sees a connection reset. */
import { setTimeout as delay } from "node:timers/promises";
import type { FastifyInstance } from "fastify";

/**
 * Whoever sends one request after the other asks again within it, and is told that the answer is the connection's
 * last. Of 30 such publishers up to 23 saw a reset without it.
 */
const FAREWELL_MS = 250;

/** Ends listening, and nothing else: Node's `close` would end what is idle, with a request on its way to it. */
async function endListening(server: FastifyInstance["server"], farewellMs: number): Promise<void> {
  const over = new AbortController();
  server.closeIdleConnections = () => undefined;
  const ended = new Promise<void>((resolve) => server.close(() => resolve()));
  Reflect.deleteProperty(server, "closeIdleConnections");
  const { signal } = over;
  await Promise.race([ended, delay(farewellMs, undefined, { signal }).catch(() => undefined)]);
  over.abort();
}

/**
 * While stopping, new connections are not taken, what was asked is answered, and each answer is the last on its
 * connection. One on which nothing is asked for a while is closed then.
 * @returns whether answers are the last on their connections
 */
export function installFarewell(app: FastifyInstance, farewellMs = FAREWELL_MS): () => boolean {
  let closing = false;
  app.addHook("preClose", async () => {
    closing = true;
    if (app.server.listening) await endListening(app.server, farewellMs);
  });
  app.addHook("onSend", (_request, reply, payload, done) => {
    if (closing) reply.header("connection", "close");
    done(null, payload);
  });
  return () => closing;
}
