/** Every experiment by its name; each is loaded only when it runs. */
import type { Experiment } from "./experiment.ts";

export const EXPERIMENTS: Readonly<Record<string, () => Promise<Experiment>>> = {
  pause: async () => (await import("./pause.ts")).pause,
  database: async () => (await import("./database.ts")).database,
  failover: async () => (await import("./failover.ts")).failover,
  failpoint: async () => (await import("./failpoint.ts")).failpoint,
  receivers: async () => (await import("./receivers.ts")).receivers,
  power: async () => (await import("./power.ts")).power,
  full: async () => (await import("./full.ts")).full,
  partition: async () => (await import("./partition.ts")).partition,
  rolling: async () => (await import("./rolling.ts")).rolling,
  crash: async () => (await import("./crash.ts")).crash,
  simulate: async () => (await import("./simulate.ts")).simulate,
};
