/**
 * Devices with what their connector says of them, kept in memory for a moment: every push asks, and
 * devices hardly ever change. Look-ups at the same time share one statement.
 */
import { GroupCommit } from "../core/group-commit.ts";
import type { Clock } from "../core/types.ts";
import type { Device } from "../storage/devices/device.ts";
import { type DeviceKey, loadDevices } from "../storage/devices/load-devices.ts";
import type { Storage } from "../storage/storage.ts";
import type {
  Connector,
  Connectors,
  Description,
  DeviceConfig,
  DeviceReference,
} from "./connectors/connector.ts";

export interface KnownDevice {
  device: Device;
  reference: DeviceReference;
  connector: Connector;
  description: Description;
}

const KEPT_MS = 60_000;
const KEPT_MAX = 50_000;
const BATCH_MAX = 500;
const FLUSHES_MAX = 1;

export class DeviceCatalogue {
  readonly #connectors: Connectors;
  readonly #clock: Clock;
  readonly #loads: GroupCommit<DeviceKey, Device | undefined>;
  /** By their ids alone: a text that is put together to be looked up is hashed each time. */
  readonly #kept = new Map<string, { known: KnownDevice; until: number }>();

  constructor(storage: Storage, clock: Clock, connectors: Connectors) {
    this.#connectors = connectors;
    this.#clock = clock;
    this.#loads = new GroupCommit({
      batchMax: BATCH_MAX,
      flushesMax: FLUSHES_MAX,
      flush: (keys) => loadInOrder(storage, keys),
    });
  }

  /** Undefined: no such device in this environment. Up to a minute old. */
  async find(key: DeviceKey): Promise<KnownDevice | undefined> {
    return this.known(key) ?? this.load(key);
  }

  /** The same, if it was found a moment ago. */
  known({ deviceId, environmentId }: DeviceKey): KnownDevice | undefined {
    const kept = this.#kept.get(deviceId);
    const isOwn = kept?.known.device.environmentId === environmentId;
    return isOwn && this.#clock.monotonic() < kept.until ? kept.known : undefined;
  }

  /** As it is stored now. */
  async load(key: DeviceKey): Promise<KnownDevice | undefined> {
    const device = await this.#loads.add(key);
    if (device === undefined) {
      const kept = this.#kept.get(key.deviceId);
      if (kept?.known.device.environmentId === key.environmentId) this.#kept.delete(key.deviceId);
      return undefined;
    }
    return this.know(device);
  }

  /** What the connector says of a device that was just read; keeps it. */
  know(device: Device): KnownDevice {
    const connector = this.#connectors.get(device.connector);
    if (connector === undefined) {
      throw new Error(`Device ${device.deviceId} needs the unknown connector ${device.connector}.`);
    }
    const reference = { deviceId: device.deviceId, config: readConfig(device) };
    const known = { device, reference, connector, description: connector.describe(reference) };
    if (this.#kept.size >= KEPT_MAX) this.#kept.clear();
    this.#kept.set(device.deviceId, { known, until: this.#clock.monotonic() + KEPT_MS });
    return known;
  }
}

function keyText({ environmentId, deviceId }: DeviceKey): string {
  return `${environmentId} ${deviceId}`;
}

async function loadInOrder(storage: Storage, keys: DeviceKey[]): Promise<(Device | undefined)[]> {
  const unique = new Map(keys.map((key) => [keyText(key), key]));
  const devices = await loadDevices(storage, [...unique.values()]);
  const found = new Map(devices.map((device) => [keyText(device), device]));
  return keys.map((key) => found.get(keyText(key)));
}

function readConfig(device: Device): DeviceConfig {
  const config: unknown = JSON.parse(device.config);
  const bad = (): Error =>
    new Error(`The configuration of ${device.deviceId} is not a flat object.`);
  if (typeof config !== "object" || config === null || Array.isArray(config)) throw bad();
  const fields: Record<string, number | string> = {};
  for (const [name, value] of Object.entries(config)) {
    if (typeof value !== "number" && typeof value !== "string") throw bad();
    fields[name] = value;
  }
  return fields;
}
