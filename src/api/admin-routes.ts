/** What an operator of the open-source Svix server may still ask for (`svix-api.md` §8.8). */
import type { FastifyInstance } from "fastify";

/**
 * There is no dead letter queue here: what is owed stays in its one table until it is delivered or
 * exhausted, so there is nothing that could be put back.
 */
export function registerAdmin(app: FastifyInstance): void {
  app.post("/admin/redrive-dlq", { schema: { hide: true } }, async (_request, reply) => {
    return await reply.code(204).send();
  });
}
