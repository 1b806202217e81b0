/** Whether this node can accept and deliver: for load balancers, orchestrators and people. */
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { ping } from "../storage/environments/ping.ts";
import type { ApiDeps, PartHealth } from "./deps.ts";
import { Nothing } from "./schemas.ts";

const DATABASE_MS_MAX = 2_000;

const Part = Type.Object(
  { status: Type.String({ description: "ok or error." }), detail: Type.Optional(Type.String()) },
  { title: "PartHealth" },
);
const Health = Type.Unsafe<Record<string, PartHealth>>({
  type: "object",
  title: "HealthOut",
  properties: { database: Part },
  required: ["database"],
  additionalProperties: Part,
});

async function databaseHealth({ storage, clock }: ApiDeps): Promise<PartHealth> {
  let cancel = (): void => {};
  const late = new Promise<PartHealth>((resolve) => {
    const detail = `The database did not answer within ${DATABASE_MS_MAX} ms.`;
    cancel = clock.after(DATABASE_MS_MAX, () => resolve({ status: "error", detail }));
  });
  const answered = ping(storage).then(
    (writable): PartHealth =>
      writable ? { status: "ok" } : { status: "error", detail: "The database is read-only." },
    (): PartHealth => ({ status: "error", detail: "The database does not answer." }),
  );
  try {
    return await Promise.race([answered, late]);
  } finally {
    cancel();
  }
}

export function registerHealth(app: FastifyInstance, deps: ApiDeps): void {
  app.get(
    "/health",
    {
      config: { access: "none" },
      schema: {
        tags: ["Health"],
        operationId: "v1.health.get",
        summary: "Health of this node, part by part",
        response: { 200: Health, 503: Health },
      },
    },
    async (_request, reply) => {
      const parts = { database: await databaseHealth(deps), ...deps.health?.() };
      const unwell = Object.values(parts).some((part) => part.status === "error");
      reply.code(unwell ? 503 : 200).header("cache-control", "no-store");
      return parts;
    },
  );

  app.get(
    "/health/ping",
    {
      config: { access: "none" },
      schema: {
        tags: ["Health"],
        operationId: "v1.health.ping",
        summary: "Whether this node answers at all",
        response: { 204: Nothing },
      },
    },
    async (_request, reply) => await reply.code(204).send(),
  );
}
