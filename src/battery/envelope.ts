/** The envelope of every response of the battery API (`contract.md` §4). */
import type { FastifyReply } from "fastify";
import type { Clock, EnvironmentMode } from "../core/types.ts";
import type { Refusal } from "./refusals.ts";

export const ENVELOPE_HEADERS = { "content-type": "application/json; charset=utf-8" };

export interface Pagination {
  offset: number;
  limit: number;
  /** Null: more than are counted. */
  total: number | null;
  hasMore: boolean;
}

/** What an answer says of its request. */
export interface AnsweredRequest {
  requestId: string;
  environment: EnvironmentMode | null;
  /** From the request's headers on. */
  latencyMs: number;
}

/** Puts answers into their envelope. */
export class Envelope {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  success(reply: FastifyReply, status: number, data: unknown): FastifyReply {
    return send(reply, status, this.successBody(data, answeredBy(reply)));
  }

  successBody(data: unknown, answered: AnsweredRequest): object {
    return { success: true, data, meta: this.#meta(answered) };
  }

  page(reply: FastifyReply, data: unknown[], pagination: Pagination): FastifyReply {
    const meta = { ...this.#meta(answeredBy(reply)), pagination };
    return send(reply, 200, { success: true, data, meta });
  }

  refusal(reply: FastifyReply, refusal: Refusal): FastifyReply {
    reply.headers(refusal.headers);
    return send(reply, refusal.status, this.refusalBody(refusal, answeredBy(reply)));
  }

  refusalBody({ code, message, details }: Refusal, answered: AnsweredRequest): object {
    const error = { code, message, ...(details !== undefined && { details }) };
    return { success: false, error, meta: this.#meta(answered) };
  }

  #meta({ requestId, environment, latencyMs }: AnsweredRequest): object {
    const timestamp = new Date(this.#clock.now()).toISOString();
    return { requestId, environment, timestamp, latencyMs: Math.round(latencyMs) };
  }
}

function answeredBy({ request, elapsedTime: latencyMs }: FastifyReply): AnsweredRequest {
  return { requestId: request.id, environment: request.identity?.mode ?? null, latencyMs };
}

function send(reply: FastifyReply, status: number, body: unknown): FastifyReply {
  return reply.code(status).headers(ENVELOPE_HEADERS).send(body);
}
