/** What every part of a node reports to, and what is asked of them: composed here, for `server.ts`. */
import { systemClock } from "../clock.ts";
import type { Config } from "../config.ts";
import { Metrics } from "../core/metrics.ts";
import type { Log, Tracer } from "../core/types.ts";
import type { Engine } from "../engine/engine.ts";
import type { Node } from "../engine/ownership.ts";
import type { Storage } from "../storage/storage.ts";
import { Backlog } from "./backlog.ts";
import { Condition } from "./condition.ts";
import { type NodeParts, watchNode } from "./node-metrics.ts";
import { createTracer } from "./otel-tracer.ts";
import { watchProcess } from "./process-metrics.ts";
import { DiskWatch, MemoryWatch } from "./resources.ts";
import { StatementWatch } from "./statement-watch.ts";

export interface Telemetry {
  metrics: Metrics;
  watch: StatementWatch;
  memory: MemoryWatch;
  disk: DiskWatch | undefined;
  /** Undefined: nobody listens. */
  tracer: Tracer | undefined;
  stop(): Promise<void>;
}

export async function startTelemetry(config: Config, version: string): Promise<Telemetry> {
  const metrics = new Metrics();
  const isEmbedded = config.database.kind === "embedded";
  const disk = isEmbedded ? new DiskWatch(config.dataDir, systemClock) : undefined;
  await disk?.start();
  const stopWatching = watchProcess(metrics);
  return {
    metrics,
    watch: new StatementWatch(metrics, systemClock),
    memory: new MemoryWatch(systemClock),
    disk,
    tracer: createTracer(version),
    stop: () => {
      disk?.stop();
      stopWatching();
      return Promise.resolve();
    },
  };
}

export interface WatchedParts {
  config: Config;
  version: string;
  log: Log;
  node: Node;
  engine: Engine;
  driver: { health: NodeParts["driver"] };
  /** Of the API. */
  storage: Storage;
  workStorage: Storage;
  logsDropped?: () => number;
}

/** Ties the figures to the parts of a running node. */
export function watchParts(
  telemetry: Telemetry,
  parts: WatchedParts,
): { condition: Condition; backlog: Backlog } {
  const { metrics, watch, memory, disk } = telemetry;
  const { config, version, log, node, engine, driver, storage, workStorage } = parts;
  watchNode(metrics, {
    version,
    engine: () => engine.health(),
    driver: () => driver.health(),
    owned: () => ({ ...node.owned }),
    leaseSeconds: () => node.leaseMs / 1000,
    pools: { api: () => storage.pool, work: () => workStorage.pool },
    logsDropped: parts.logsDropped ?? ((): number => 0),
  });
  const isOwned = (bucket: number): boolean => node.deliveries.epochOf(bucket) !== undefined;
  return {
    backlog: new Backlog({ storage: workStorage, clock: systemClock, log, isOwned }, metrics),
    condition: new Condition({
      watch,
      memory,
      disk,
      roles: config.roles,
      leaseIsValid: () => node.healthy,
      owned: () => node.owned,
      engine: () => engine.health(),
      pool: () => storage.pool,
    }),
  };
}
