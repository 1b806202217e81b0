/** The envelope of every response of the battery API (`contract.md` §4). */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Clock } from "../core/types.ts";
import type { Refusal } from "./refusals.ts";

export interface Pagination {
  offset: number;
  limit: number;
  /** Null: more than are counted. */
  total: number | null;
  hasMore: boolean;
}

/** Puts answers into their envelope. */
export class Envelope {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  success(reply: FastifyReply, status: number, data: unknown): FastifyReply {
    return send(reply, status, { success: true, data, meta: this.#meta(reply) });
  }

  page(reply: FastifyReply, data: unknown[], pagination: Pagination): FastifyReply {
    return send(reply, 200, { success: true, data, meta: { ...this.#meta(reply), pagination } });
  }

  refusal(reply: FastifyReply, refusal: Refusal): FastifyReply {
    const { code, message, details, status, headers } = refusal;
    const error = { code, message, ...(details !== undefined && { details }) };
    reply.headers(headers);
    return send(reply, status, { success: false, error, meta: this.#meta(reply) });
  }

  #meta({ request, elapsedTime }: FastifyReply): object {
    return {
      requestId: request.id,
      environment: environmentOf(request),
      timestamp: new Date(this.#clock.now()).toISOString(),
      latencyMs: Math.round(elapsedTime),
    };
  }
}

function environmentOf(request: FastifyRequest): string | null {
  return request.identity?.mode ?? null;
}

function send(reply: FastifyReply, status: number, body: unknown): FastifyReply {
  return reply.code(status).header("content-type", "application/json; charset=utf-8").send(body);
}
