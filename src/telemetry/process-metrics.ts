/** What the process itself uses, under the names that Prometheus' client libraries give it. */
import { existsSync, readdirSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { type Metrics, single } from "../core/metrics.ts";

const RESOLUTION_MS = 20;
const NANOSECONDS = 1e9;
const OPEN_FILES = "/proc/self/fd";

/** @returns how to stop measuring */
export function watchProcess(metrics: Metrics): () => void {
  const startedAt = Date.now() / 1000 - process.uptime();
  const gauge = (name: string, help: string, value: () => number): void => {
    metrics.read({ name, help }, "gauge", () => single(value()));
  };
  metrics.read(
    { name: "process_cpu_seconds_total", help: "CPU time of the process, user and system." },
    "counter",
    () => {
      const { user, system } = process.cpuUsage();
      return single((user + system) / 1e6);
    },
  );
  gauge("process_start_time_seconds", "When the process started.", () => startedAt);
  gauge("process_resident_memory_bytes", "Resident memory.", () => process.memoryUsage.rss());
  gauge(
    "nodejs_heap_size_used_bytes",
    "Used heap of JavaScript.",
    () => process.memoryUsage().heapUsed,
  );
  gauge(
    "nodejs_external_memory_bytes",
    "Memory of buffers outside the heap.",
    () => process.memoryUsage().external,
  );
  if (existsSync(OPEN_FILES)) {
    gauge("process_open_fds", "Open file descriptors.", () => readdirSync(OPEN_FILES).length);
  }
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  metrics.read(
    {
      name: "nodejs_eventloop_lag_seconds",
      help: "Delay of the event loop since the last look.",
      labels: ["quantile"],
    },
    "gauge",
    () => {
      // The timer's own period is in every sample.
      const seconds = (ns: number): number =>
        Math.max(0, Number.isFinite(ns) ? ns / NANOSECONDS - RESOLUTION_MS / 1000 : 0);
      const readings = [
        { labels: ["0.5"], value: seconds(delay.percentile(50)) },
        { labels: ["0.99"], value: seconds(delay.percentile(99)) },
        { labels: ["1"], value: seconds(delay.max) },
      ];
      delay.reset();
      return readings;
    },
  );
  return () => delay.disable();
}
