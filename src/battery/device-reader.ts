/** Reads batteries for people who look at them, and keeps what was read as their last known state. */
import { GroupCommit } from "../core/group-commit.ts";
import type { Clock, Log } from "../core/types.ts";
import { type ObservedState, saveDeviceStates } from "../storage/devices/save-device-states.ts";
import type { Storage } from "../storage/storage.ts";
import type { Limits } from "./connectors/connector.ts";
import type { KnownDevice } from "./device-catalogue.ts";
import { observedText, type ObservedText } from "./device-state.ts";

/** A reading younger than this is shown as it is. */
const FRESH_MS = 1_000;
/** Readings that cost are repeated this often at most, unless asked for. */
const FRESH_MS_METERED = 60_000;
const READ_MS_MAX = 3_000;
const BATCH_MAX = 500;

export interface Reading {
  observed: ObservedText | null;
  /** Null: the device was not asked. */
  reachable: boolean | null;
}

export class DeviceReader {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #saves: GroupCommit<ObservedState, null>;

  constructor(storage: Storage, clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
    this.#saves = new GroupCommit({
      batchMax: BATCH_MAX,
      flushesMax: 1,
      flush: async (states) => {
        await saveDeviceStates(storage, newestOfEach(states));
        return states.map(() => null);
      },
    });
  }

  /** Asks the device unless what is known is fresh; an unreachable one shows what is known. */
  async look(known: KnownDevice, options: { expedite: boolean }): Promise<Reading> {
    const { device, description, connector, reference } = known;
    const stored = lastKnown(known);
    const ageMs = stored === null ? Infinity : this.#clock.now() - stored.observedAt;
    const freshMs = description.reads === "free" ? FRESH_MS : FRESH_MS_METERED;
    if (ageMs < freshMs && !options.expedite) return { observed: stored, reachable: null };
    const session = connector.connect(reference, null);
    const reading = await session.read(this.#limits()).catch((error: unknown) => {
      this.#log.error({ err: error, deviceId: device.deviceId }, "A device could not be read.");
      return null;
    });
    if (reading?.kind !== "read") return { observed: stored, reachable: false };
    const observed = observedText(reading.snapshot, this.#clock.now());
    const { environmentId, deviceId } = device;
    this.#saves.add({ environmentId, deviceId, ...observed }).catch((error: unknown) => {
      this.#log.debug({ err: error, deviceId }, "A reading could not be kept.");
    });
    return { observed, reachable: true };
  }

  drained(): Promise<void> {
    return this.#saves.drained();
  }

  #limits(): Limits {
    const deadlineAt = this.#clock.monotonic() + READ_MS_MAX;
    return { deadlineAt, signal: new AbortController().signal };
  }
}

/** What is stored of a device, without asking it. */
export function lastKnown({ device }: KnownDevice): ObservedText | null {
  const { state, observedAt } = device;
  return state === null || observedAt === null ? null : { state, observedAt };
}

function newestOfEach(states: ObservedState[]): ObservedState[] {
  const newest = new Map<string, ObservedState>();
  for (const state of states) {
    const key = `${state.environmentId} ${state.deviceId}`;
    if ((newest.get(key)?.observedAt ?? -Infinity) <= state.observedAt) newest.set(key, state);
  }
  return [...newest.values()];
}
