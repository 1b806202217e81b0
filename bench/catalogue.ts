/** Every benchmark, in the order of the documentation. */
import type { Benchmark } from "./benchmark.ts";
import { actions } from "./benchmarks/actions.ts";
import { backlog } from "./benchmarks/backlog.ts";
import { baseline } from "./benchmarks/baseline.ts";
import { dashboard } from "./benchmarks/dashboard.ts";
import { drain } from "./benchmarks/drain.ts";
import { floor } from "./benchmarks/floor.ts";
import { growth } from "./benchmarks/growth.ts";
import { ingest } from "./benchmarks/ingest.ts";
import { isolation } from "./benchmarks/isolation.ts";
import { latency } from "./benchmarks/latency.ts";
import { lists } from "./benchmarks/lists.ts";
import { memory } from "./benchmarks/memory.ts";
import { processes } from "./benchmarks/processes.ts";
import { tenants } from "./benchmarks/tenants.ts";

export const BENCHMARKS: readonly Benchmark[] = [
  floor,
  drain,
  ingest,
  actions,
  latency,
  backlog,
  isolation,
  tenants,
  processes,
  growth,
  lists,
  memory,
  baseline,
  dashboard,
];
