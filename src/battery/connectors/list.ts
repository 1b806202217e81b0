/** Every connector there is. Adding one touches its folder and this list, nothing else. */
import type { Clock } from "../../core/types.ts";
import type { Storage } from "../../storage/storage.ts";
import type { Connector, Connectors } from "./connector.ts";
import { createSandboxConnector } from "./sandbox/index.ts";

export interface ConnectorTools {
  storage: Storage;
  clock: Clock;
  /** Simulated time per real time, for the sandbox. */
  sandboxSpeed: number;
}

/** How to make each; `device.connector` holds the name the made connector gives itself. */
export const CONNECTORS: readonly ((tools: ConnectorTools) => Connector)[] = [
  ({ storage, clock, sandboxSpeed }) =>
    createSandboxConnector({ storage, clock, speed: sandboxSpeed }),
];

export function createConnectors(tools: ConnectorTools): Connectors {
  return new Map(
    CONNECTORS.map((make) => {
      const connector = make(tools);
      return [connector.name, connector];
    }),
  );
}
