/** API keys of the caller's environment: what there are, new ones, and ending them. */
import type { FastifyInstance } from "fastify";
import { encodeKey, hashOfKey, hintOfKey, KEY_BYTES } from "../../core/api-key.ts";
import { createApiKey } from "../../storage/api-keys/create-api-key.ts";
import { KEYS_MAX, listApiKeys, PRESET_NAME } from "../../storage/api-keys/list-api-keys.ts";
import { revokeApiKey } from "../../storage/api-keys/revoke-api-key.ts";
import { notifyNodes } from "../../storage/nodes/session.ts";
import type { ApiDeps } from "../deps.ts";
import { ApiError, invalidAt, notFound } from "../errors.ts";
import { identityOf, pathName } from "../request.ts";
import { answers, Nothing } from "../schemas.ts";
import { ApiKeyCreatedOut, ApiKeyIn, ApiKeyList, renderKey } from "./schema.ts";

const tags = ["API Keys"];

function registerReads(app: FastifyInstance, { storage }: ApiDeps): void {
  app.get(
    "/api-key",
    {
      config: { access: "full" },
      schema: {
        tags,
        operationId: "v1.api-key.list",
        summary: "List API keys that were not revoked, oldest first; all of them on one page",
        response: answers({ 200: ApiKeyList }),
      },
    },
    async (request) => {
      const keys = await listApiKeys(storage, identityOf(request).environmentId);
      return { data: keys.map(renderKey), iterator: null, prevIterator: null, done: true };
    },
  );
}

function registerWrites(app: FastifyInstance, { storage, ids, random, known }: ApiDeps): void {
  app.post<{ Body: ApiKeyIn }>(
    "/api-key",
    {
      // A kept answer would hold the key.
      config: { ownIdempotency: true },
      schema: {
        tags,
        operationId: "v1.api-key.create",
        summary: "Create an API key; the answer is the only place where it is told",
        body: ApiKeyIn,
        response: answers({ 201: ApiKeyCreatedOut }),
      },
    },
    async (request, reply) => {
      const { environmentId, mode } = identityOf(request);
      const { name, scope = "full" } = request.body;
      if (name === PRESET_NAME) {
        const msg = `"${PRESET_NAME}" names the keys of the configuration; choose another name.`;
        throw invalidAt(["body", "name"], msg);
      }
      const key = encodeKey(mode, random(KEY_BYTES));
      const made = await createApiKey(storage, {
        environmentId,
        keyId: ids.make("key_"),
        keyHash: hashOfKey(key),
        name,
        scope,
        hint: hintOfKey(key),
      });
      if (made === undefined) {
        const detail = `An environment has at most ${KEYS_MAX} keys; revoke those of no use.`;
        throw new ApiError("conflict", detail);
      }
      reply.code(201);
      return { ...renderKey(made), key };
    },
  );

  app.delete<{ Params: { keyId: string } }>(
    "/api-key/:keyId",
    {
      schema: {
        tags,
        operationId: "v1.api-key.revoke",
        summary: "Revoke an API key, on every node at once",
        response: answers({ 204: Nothing }),
      },
    },
    async (request, reply) => {
      const { environmentId } = identityOf(request);
      const keyId = pathName(request.params.keyId, "API key");
      if (!(await revokeApiKey(storage, { environmentId, keyId }))) throw notFound("API key");
      known.forget();
      // A hint: a node that misses it honours the key for as long as it remembers any.
      await notifyNodes(storage, "amps_api_key", keyId);
      return await reply.code(204).send();
    },
  );
}

export function registerApiKeys(app: FastifyInstance, deps: ApiDeps): void {
  registerReads(app, deps);
  registerWrites(app, deps);
}
