/** The figures that the parts of a node keep anyway, read when somebody asks. */
import { type Metrics, type Reading, single } from "../core/metrics.ts";
import type { EngineHealth } from "../engine/engine.ts";
import type { PoolState } from "../storage/storage.ts";

export interface NodeParts {
  version: string;
  engine: () => EngineHealth;
  driver: () => { active: number; completed: number; failed: number };
  /** Buckets owned, by kind of lease. */
  owned: () => Readonly<Record<string, number>>;
  leaseSeconds: () => number;
  /** Connections, by what they are for. */
  pools: Readonly<Record<string, () => PoolState>>;
  logsDropped: () => number;
}

export function watchNode(metrics: Metrics, parts: NodeParts): void {
  watchDeliveries(metrics, parts.engine);
  const gauge = (name: string, help: string, value: () => number): void =>
    metrics.read({ name, help }, "gauge", () => single(value()));
  const counts = (values: Readonly<Record<string, number>>): Reading[] =>
    Object.entries(values).map(([label, value]) => ({ labels: [label], value }));

  metrics.read(
    { name: "amps_actions_ended_total", help: "Actions ended by this node.", labels: ["state"] },
    "counter",
    () => {
      const { completed, failed } = parts.driver();
      return counts({ completed, failed });
    },
  );
  gauge("amps_actions_under_way", "Actions being driven.", () => parts.driver().active);
  metrics.read(
    { name: "amps_buckets_owned", help: "Buckets of this node, by kind.", labels: ["kind"] },
    "gauge",
    () => counts(parts.owned()),
  );
  gauge(
    "amps_node_lease_seconds",
    "How long this node may still act on its buckets; 0: it may not.",
    parts.leaseSeconds,
  );
  metrics.read(
    {
      name: "amps_pool_connections",
      help: "Database connections by pool and state; waiting: callers without one.",
      labels: ["pool", "state"],
    },
    "gauge",
    () =>
      Object.entries(parts.pools).flatMap(([pool, state]) =>
        Object.entries(state()).map(([name, value]) => ({ labels: [pool, name], value })),
      ),
  );
  metrics.read(
    { name: "amps_log_lines_dropped_total", help: "Log lines that had nowhere to go." },
    "counter",
    () => single(parts.logsDropped()),
  );
  metrics.read({ name: "amps_build_info", help: "Always 1.", labels: ["version"] }, "gauge", () => [
    { labels: [parts.version], value: 1 },
  ]);
}

function watchDeliveries(metrics: Metrics, engine: () => EngineHealth): void {
  const counter = (name: string, help: string, value: (health: EngineHealth) => number): void =>
    metrics.read({ name, help }, "counter", () => single(value(engine())));
  const gauge = (name: string, help: string, value: (health: EngineHealth) => number): void =>
    metrics.read({ name, help }, "gauge", () => single(value(engine())));
  counter(
    "amps_messages_accepted_total",
    "Messages accepted through the webhook API; those of actions are in amps_actions_ended_total.",
    ({ accepted }) => accepted,
  );
  counter(
    "amps_deliveries_delivered_total",
    "Deliveries that a receiver took.",
    ({ counters }) => counters.delivered,
  );
  counter(
    "amps_attempts_failed_total",
    "Failed attempts, the last of a chain included.",
    ({ counters }) => counters.failed + counters.exhausted,
  );
  counter(
    "amps_deliveries_exhausted_total",
    "Deliveries given up after their last attempt.",
    ({ counters }) => counters.exhausted,
  );
  gauge("amps_publishers_waiting", "Publishers whose commit is to come.", (h) => h.publishing);
  gauge("amps_attempts_in_flight", "Attempts under way.", (health) => health.inFlight);
  gauge("amps_deliveries_queued", "Deliveries in memory, to be attempted.", (h) => h.queued);
  gauge("amps_deliveries_queued_bytes", "Their payloads.", (health) => health.queuedBytes);
  gauge("amps_lanes", "Endpoints with a lane in memory.", (health) => health.lanes);
  gauge("amps_results_unrecorded", "Results whose commit is to come.", (h) => h.unrecorded);
  metrics.read(
    {
      name: "amps_endpoints_held",
      help: "Endpoints whose due deliveries wait although there are slots, by reason.",
      labels: ["reason"],
    },
    "gauge",
    () => Object.entries(engine().waiting).map(([reason, value]) => ({ labels: [reason], value })),
  );
}
