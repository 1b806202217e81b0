/** Every benchmark, in the order of the documentation. */
import type { Benchmark } from "./benchmark.ts";
import { actions } from "./benchmarks/actions.ts";
import { drain } from "./benchmarks/drain.ts";
import { floor } from "./benchmarks/floor.ts";
import { ingest } from "./benchmarks/ingest.ts";

export const BENCHMARKS: readonly Benchmark[] = [floor, drain, ingest, actions];
