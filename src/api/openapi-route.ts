/** Serves the committed description of both APIs (`scripts/openapi.ts` writes it). */
import { readFileSync } from "node:fs";
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";

const FILE = new URL("../../openapi.json", import.meta.url);

export function registerOpenApi(app: FastifyInstance): void {
  let text: string | undefined;
  app.get(
    "/openapi.json",
    {
      config: { access: "none" },
      schema: {
        tags: ["Meta"],
        operationId: "v1.openapi",
        summary: "This description",
        response: { 200: Type.Unsafe<object>({ type: "object" }) },
      },
    },
    async (_request, reply) => {
      text ??= readFileSync(FILE, "utf8");
      return await reply.serializer((body: unknown) => String(body)).send(text);
    },
  );
}
