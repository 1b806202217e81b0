/**
 * What every rival of the `baseline` needs beside its queue: an HTTP endpoint that takes events, and
 * the attempt (sign, post, one row in PostgreSQL). Written as its user would, with the fast client.
 */
import fastify from "fastify";
import pg from "pg";
import { Agent, request } from "undici";
import { makeMessageId, signedHeaders } from "./signed-event.ts";

export interface RivalEvent {
  id: string;
  eventType: string;
  payload: unknown;
}

export const ATTEMPTS_MAX = 8;
const CONNECTIONS = 64;
const POOL_SIZE = 20;

const INSERT = `INSERT INTO attempt (message_id, event_type, response_status, response_body,
    duration_ms, url, attempted_at)
  VALUES ($1, $2, $3, $4, $5, $6, now())`;

export const RIVAL_SCHEMA = `CREATE TABLE attempt (
  attempt_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  message_id text NOT NULL,
  event_type text NOT NULL,
  response_status integer NOT NULL,
  response_body text NOT NULL,
  duration_ms integer NOT NULL,
  url text NOT NULL,
  attempted_at timestamptz NOT NULL
);
CREATE INDEX attempt_by_message ON attempt (message_id)`;

/** `POST /msg` → 202 once the queue has the event. @returns the URL */
export async function takeEvents(
  enqueue: (event: RivalEvent) => Promise<unknown>,
): Promise<string> {
  const app = fastify();
  app.post<{ Body: Omit<RivalEvent, "id"> }>("/msg", async (httpRequest, reply) => {
    const { eventType, payload } = httpRequest.body;
    const event = { id: makeMessageId(), eventType, payload };
    await enqueue(event);
    reply.code(202);
    return { id: event.id, eventType };
  });
  return app.listen({ host: "127.0.0.1", port: 0 });
}

/** Makes the function that attempts one event; it throws when the event is to be retried. */
export function createAttempt(
  databaseUrl: string,
  receiverUrl: string,
): (event: RivalEvent) => Promise<void> {
  const dispatcher = new Agent({ connections: CONNECTIONS, pipelining: 1 });
  const pool = new pg.Pool({ connectionString: databaseUrl, max: POOL_SIZE });
  const url = `${receiverUrl}/hook`;
  return async ({ id, eventType, payload }) => {
    const body = Buffer.from(JSON.stringify(payload));
    const startedAt = performance.now();
    const response = await request(url, {
      method: "POST",
      headers: signedHeaders(id, body),
      body,
      dispatcher,
    });
    const text = await response.body.text();
    const durationMs = Math.round(performance.now() - startedAt);
    const values = [id, eventType, response.statusCode, text, durationMs, url];
    await pool.query({ name: "insert-attempt", text: INSERT, values });
    if (response.statusCode >= 300)
      throw new Error(`The receiver answered ${response.statusCode}.`);
  };
}
