/** The system as an operator sees it: nodes, their shares, what waits, the database. */
import type { FastifyInstance } from "fastify";
import type { ApiDeps, PartHealth } from "../deps.ts";
import type { NodeHealth } from "../health.ts";
import { answers } from "../schemas.ts";
import { SystemOut } from "./schema.ts";
import { type SystemFacts, SystemView } from "./system-view.ts";

/** What a part that is well does. */
const WELL: Readonly<Record<string, string>> = {
  database: "It answers and takes writes.",
  clock: "This node and the database agree on the time.",
  node: "This node's lease is valid.",
  engine: "Due deliveries are found and results are stored.",
  batteries: "Open actions are driven and their endings are stored.",
  memory: "There is enough.",
  disk: "There is room.",
};
const SEVERITY = ["ok", "warning", "error"] as const;

function iso(at: number): string {
  return new Date(at).toISOString();
}

function renderHealth(parts: Readonly<Record<string, PartHealth>>): object {
  const worst = Math.max(...Object.values(parts).map(({ status }) => SEVERITY.indexOf(status)));
  return {
    status: SEVERITY[Math.max(0, worst)],
    parts: Object.entries(parts).map(([part, { status, detail }]) => ({
      part,
      status,
      detail: detail ?? WELL[part] ?? "It is well.",
    })),
  };
}

function renderFacts(facts: SystemFacts, nodeId: string | undefined): object {
  const { nodes, buckets, oldestDueSeconds, estimate, database } = facts;
  return {
    nodes: nodes.map(({ nodeId: id, startedAt, expiresAt, ...rest }) => ({
      id,
      answering: id === nodeId,
      ...rest,
      startedAt: iso(startedAt),
      leaseExpiresAt: iso(expiresAt),
    })),
    buckets,
    oldestDue: {
      waiting: oldestDueSeconds.waiting,
      backedOff: oldestDueSeconds.backed_off,
      parked: oldestDueSeconds.parked,
    },
    waiting: estimate.rows,
    database: {
      ...database,
      startedAt: iso(database.startedAt),
      bytes: estimate.databaseBytes,
    },
  };
}

/** @param deps with storage that is not held to one tenant */
export function registerSystem(app: FastifyInstance, deps: ApiDeps, health: NodeHealth): void {
  const { storage, clock, version, nodeId, retentionDays } = deps;
  const view = new SystemView(storage, clock);
  const startedAt = clock.now();
  const started = clock.monotonic();
  app.get(
    "/system",
    {
      schema: {
        tags: ["System"],
        operationId: "v1.system.get",
        summary: "Nodes and their shares, what waits, health and database",
        response: answers({ 200: SystemOut }),
      },
    },
    async () => ({
      version,
      startedAt: iso(startedAt),
      retentionDays,
      uptimeSeconds: Math.floor((clock.monotonic() - started) / 1_000),
      health: renderHealth(await health.parts()),
      ...renderFacts(await view.look(), nodeId?.()),
    }),
  );
}
