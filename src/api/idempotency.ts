/**
 * Idempotency keys on every POST: the first answer is kept in the database and given again to whoever
 * asks again with the same key and request (`svix-api.md` §5). Only what succeeded is kept.
 */
import { createHash } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Clock } from "../core/types.ts";
import {
  beginIdempotentRequest,
  finishIdempotentRequest,
  type IdempotencyKey,
  type IdempotencyState,
  releaseIdempotentRequest,
} from "../storage/idempotency/idempotent-request.ts";
import type { Storage } from "../storage/storage.ts";
import { ApiError, invalidAt } from "./errors.ts";
import { promptHook, promptSendHook } from "./hooks.ts";
import type { Identity } from "./identity.ts";
import { identityOf, pathOf } from "./request.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The key this request has begun and must finish or release. */
    begunKey: IdempotencyKey | null;
  }
}

const HEADER = "idempotency-key";
export const IDEMPOTENCY_KEY = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;
const POLL_MS = 100;
const POLLS_MAX = 20;
const RETRY_AFTER_SECONDS = 1;

function isSentTwice(request: FastifyRequest): boolean {
  const names = request.raw.rawHeaders.filter((_text, index) => index % 2 === 0);
  return names.filter((name) => name.toLowerCase() === HEADER).length > 1;
}

/** The caller's key, if there is one. @throws 400 when it is malformed */
export function readIdempotencyKey(request: FastifyRequest): string | undefined {
  const key = request.headers[HEADER];
  if (key === undefined) return undefined;
  // Node joins a repeated header with a comma.
  const twice = typeof key !== "string" || (key.includes(",") && isSentTwice(request));
  if (!twice && IDEMPOTENCY_KEY.test(key)) return key;
  const form = "one value of 1 to 255 printable ASCII characters";
  throw new ApiError("idempotency.malformed", `Idempotency-Key must be ${form}.`);
}

/** What a key is for: the same key with another of these is another request. */
export interface KeyedRequest {
  method: string;
  url: string;
  identity: Pick<Identity, "environmentId" | "portal">;
  rawBody: Buffer | null;
}

/** Digests of the operation with its key, and of the whole request. */
export function digestIdempotency(key: string, request: KeyedRequest): IdempotencyKey {
  const { method, url, identity, rawBody } = request;
  const path = pathOf(url);
  const query = url.slice(path.length);
  const operation = `${method} ${path.replace(/\/+$/, "")}`;
  const { environmentId, portal } = identity;
  // A portal's keys are its own: it must not find an answer that was given to the organisation.
  const owner = portal === null ? "" : `${portal.applicationId}\n`;
  return {
    environmentId,
    keyHash: createHash("sha256").update(`${owner}${operation}\n${key}`).digest(),
    requestHash: createHash("sha256")
      .update(`${operation}${query}\n`)
      .update(rawBody ?? "")
      .digest(),
  };
}

/** The digests of a request that was sent with a key. @throws 400 when that is malformed */
export function idempotencyOf(request: FastifyRequest): IdempotencyKey | null {
  const key = readIdempotencyKey(request);
  if (key === undefined) return null;
  const { method, url, rawBody } = request;
  return digestIdempotency(key, { method, url, rawBody, identity: identityOf(request) });
}

/** 422: the key was used for another request. */
export function idempotencyMismatch(): ApiError {
  const msg = "This Idempotency-Key was used for another request; use a new key.";
  return invalidAt(["header", HEADER], msg, "idempotency.mismatch");
}

async function begin(
  storage: Storage,
  clock: Clock,
  key: IdempotencyKey,
): Promise<Exclude<IdempotencyState, { kind: "running" }>> {
  for (let polls = 0; polls < POLLS_MAX; polls += 1) {
    const state = await beginIdempotentRequest(storage, key);
    if (state.kind !== "running") return state;
    await new Promise<void>((resolve) => void clock.after(POLL_MS, resolve));
  }
  const detail = "A request with this Idempotency-Key still runs; ask again for its answer.";
  throw new ApiError("idempotency.in_progress", detail, {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}

async function replay(
  reply: FastifyReply,
  state: { status: number; body: string | null },
): Promise<FastifyReply> {
  reply.code(state.status).header("idempotency-replayed", "true");
  if (state.body === null) return await reply.send();
  return await reply
    .header("content-type", "application/json")
    .serializer((body: unknown) => String(body))
    .send(state.body);
}

/** Installs idempotency for all POST routes of `app` that do not keep keys themselves. */
export function installIdempotency(app: FastifyInstance, storage: Storage, clock: Clock): void {
  app.decorateRequest("begunKey", null);
  const beginOrReplay = async (
    request: FastifyRequest,
    reply: FastifyReply,
    key: IdempotencyKey,
  ): Promise<void> => {
    const state = await begin(storage, clock, key);
    if (state.kind === "mismatch") throw idempotencyMismatch();
    if (state.kind === "answered") await replay(reply, state);
    else request.begunKey = key;
  };
  app.addHook(
    "preHandler",
    promptHook((request, reply) => {
      if (request.method !== "POST" || request.route.config.ownIdempotency === true)
        return undefined;
      const key = idempotencyOf(request);
      return key === null ? undefined : beginOrReplay(request, reply, key);
    }),
  );
  // Before the answer leaves, so that whoever has seen it finds it again.
  const keep = async (
    reply: FastifyReply,
    key: IdempotencyKey,
    payload: unknown,
  ): Promise<void> => {
    if (reply.statusCode >= 200 && reply.statusCode < 300) {
      const body = typeof payload === "string" && payload !== "" ? payload : null;
      await finishIdempotentRequest(storage, key, { status: reply.statusCode, body });
    } else {
      await releaseIdempotentRequest(storage, key);
    }
  };
  app.addHook(
    "onSend",
    promptSendHook((request, reply, payload) => {
      const key = request.begunKey;
      request.begunKey = null;
      return key === null ? undefined : keep(reply, key, payload);
    }),
  );
}
