/**
 * The simulated batteries of every sandbox: the same interface and the same code above it as for real
 * devices; only the far side differs. Faults can be chosen per device (`faults.ts`) and per push.
 */
import type { Clock } from "../../../core/types.ts";
import type { Storage } from "../../../storage/storage.ts";
import type { Connector, DeviceReference, Timeouts } from "../connector.ts";
import { FarSideStore } from "./far-side-store.ts";
import { CONFIG_FIELDS, capabilitiesOf, profileOf, type SandboxProfile } from "./profile.ts";
import { SandboxSession } from "./session.ts";
import { createSimulatedClock } from "./simulated-clock.ts";

/** Real time, as on a LAN (`connectors.md` §6). */
const TIMEOUTS: Timeouts = { dispatchMs: 15_000, confirmMs: 10_000, actionMs: 30_000 };

export interface SandboxTools {
  storage: Storage;
  clock: Clock;
  /** Simulated time per real time. */
  speed: number;
}

export function createSandboxConnector({ storage, clock, speed }: SandboxTools): Connector {
  const store = new FarSideStore(storage);
  const simulated = createSimulatedClock(clock, speed);
  // Every action connects anew, to a device that is known for a while.
  const profiles = new WeakMap<DeviceReference, SandboxProfile>();
  const knownProfileOf = (device: DeviceReference): SandboxProfile => {
    const known = profiles.get(device) ?? profileOf(device);
    profiles.set(device, known);
    return known;
  };
  return {
    name: "sandbox",
    configFields: CONFIG_FIELDS,
    describe: (device) => ({
      capabilities: capabilitiesOf(profileOf(device)),
      repeatClass: "absolute",
      timeouts: TIMEOUTS,
      reads: "free",
    }),
    connect: (device, order) =>
      new SandboxSession({
        deviceId: device.deviceId,
        profile: knownProfileOf(device),
        order,
        store,
        clock,
        simulated,
        speed,
      }),
  };
}
