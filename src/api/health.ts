/** Whether this node can accept and deliver: for load balancers, orchestrators and people. */
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { ping } from "../storage/environments/ping.ts";
import type { ApiDeps, PartHealth } from "./deps.ts";
import { Nothing } from "./schemas.ts";

const DATABASE_MS_MAX = 1_000;
/** However many ask, the database is asked this rarely. */
const REMEMBERED_MS = 1_000;
/** Receivers compare the time in a signature with their own clock; most allow five minutes. */
const SKEW_WARNING_MS = 30_000;
const SKEW_ERROR_MS = 5 * 60_000;

const Part = Type.Object(
  {
    status: Type.String({ description: "ok, warning or error." }),
    detail: Type.Optional(Type.String({ description: "What is wrong, and what to do." })),
  },
  { title: "PartHealth" },
);
const Health = Type.Unsafe<Record<string, PartHealth>>({
  type: "object",
  title: "HealthOut",
  properties: { database: Part },
  required: ["database"],
  additionalProperties: Part,
});

interface DatabaseHealth extends Record<string, PartHealth> {
  database: PartHealth;
}

function error(detail: string): DatabaseHealth {
  return { database: { status: "error", detail } };
}

function clockHealth(skewMs: number): PartHealth {
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  if (Math.abs(skewMs) <= SKEW_WARNING_MS) return { status: "ok" };
  const detail =
    `The clocks of this node and the database are ${seconds} s apart; receivers refuse signatures ` +
    "of the wrong time. Synchronise both by NTP.";
  return { status: Math.abs(skewMs) > SKEW_ERROR_MS ? "error" : "warning", detail };
}

/** Asks the database one question at a time, and never waits long for the answer. */
class DatabaseProbe {
  readonly #clock: ApiDeps["clock"];
  readonly #ping: NonNullable<ApiDeps["ping"]>;
  #asking: Promise<DatabaseHealth> | undefined;
  #answer: { health: DatabaseHealth; at: number } | undefined;

  constructor({ clock, storage, ping: ask = () => ping(storage) }: ApiDeps) {
    this.#clock = clock;
    this.#ping = ask;
  }

  async look(): Promise<DatabaseHealth> {
    const answer = this.#answer;
    if (answer !== undefined && this.#clock.monotonic() - answer.at < REMEMBERED_MS) {
      return answer.health;
    }
    let cancel = (): void => {};
    const late = new Promise<DatabaseHealth>((resolve) => {
      cancel = this.#clock.after(DATABASE_MS_MAX, () =>
        resolve(
          error(`The database did not answer within ${DATABASE_MS_MAX} ms; look at its load.`),
        ),
      );
    });
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    try {
      const health = await Promise.race([this.#asking, late]);
      this.#answer = { health, at: this.#clock.monotonic() };
      return health;
    } finally {
      cancel();
    }
  }

  async #ask(): Promise<DatabaseHealth> {
    const askedAt = this.#clock.now();
    try {
      const { writable, now } = await this.#ping();
      if (!writable) return error("The database is read-only; point DATABASE_URL at the primary.");
      const skewMs = (askedAt + this.#clock.now()) / 2 - now;
      return { database: { status: "ok" }, clock: clockHealth(skewMs) };
    } catch {
      return error(
        "The database does not answer; start it, or check DATABASE_URL and the network.",
      );
    }
  }
}

/** All parts of this node. */
export class NodeHealth {
  readonly #probe: DatabaseProbe;
  readonly #others: NonNullable<ApiDeps["health"]>;

  constructor(deps: ApiDeps) {
    this.#probe = new DatabaseProbe(deps);
    this.#others = deps.health ?? ((): Record<string, PartHealth> => ({}));
  }

  async parts(): Promise<Record<string, PartHealth>> {
    return { ...(await this.#probe.look()), ...this.#others() };
  }
}

export function registerHealth(app: FastifyInstance, health: NodeHealth): void {
  app.get(
    "/health",
    {
      config: { access: "none", always: true },
      schema: {
        tags: ["Health"],
        operationId: "v1.health.get",
        summary: "Health of this node, part by part",
        description: "503 when a part has the status error; the detail says what to do.",
        response: { 200: Health, 503: Health },
      },
    },
    async (_request, reply) => {
      const parts = await health.parts();
      const unwell = Object.values(parts).some((part) => part.status === "error");
      reply.code(unwell ? 503 : 200).header("cache-control", "no-store");
      return parts;
    },
  );

  app.get(
    "/health/ping",
    {
      config: { access: "none", always: true },
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
