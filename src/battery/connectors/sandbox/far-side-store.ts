/** The durable memory of all simulated batteries; readings and writes of many share a statement. */
import { GroupCommit } from "../../../core/group-commit.ts";
import {
  loadSandboxBatteries,
  type SandboxBattery,
} from "../../../storage/sandbox/load-sandbox-batteries.ts";
import { saveSandboxBatteries } from "../../../storage/sandbox/save-sandbox-batteries.ts";
import type { Storage } from "../../../storage/storage.ts";

const BATCH_MAX = 500;
const FLUSHES_MAX = 1;

export class FarSideStore {
  readonly #loads: GroupCommit<string, SandboxBattery | undefined>;
  readonly #saves: GroupCommit<SandboxBattery, boolean>;

  constructor(storage: Storage) {
    this.#loads = new GroupCommit({
      batchMax: BATCH_MAX,
      flushesMax: FLUSHES_MAX,
      flush: async (deviceIds) => {
        const found = await loadSandboxBatteries(storage, deviceIds);
        return deviceIds.map((deviceId) => found.get(deviceId));
      },
    });
    this.#saves = new GroupCommit({
      batchMax: BATCH_MAX,
      flushesMax: FLUSHES_MAX,
      flush: (batteries) => saveSandboxBatteries(storage, batteries),
    });
  }

  /** Undefined: never written. */
  load(deviceId: string): Promise<SandboxBattery | undefined> {
    return this.#loads.add(deviceId);
  }

  /** @returns false when the battery was written since it was read */
  save(battery: SandboxBattery): Promise<boolean> {
    return this.#saves.add(battery);
  }
}
