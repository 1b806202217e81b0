/** The simulated batteries that a fresh sandbox has, ready to push to. */
import { bucketOf } from "../core/bucket.ts";
import type { IdSource } from "../core/ids.ts";
import { addFirstDevices } from "../storage/devices/add-first-devices.ts";
import type { Storage } from "../storage/storage.ts";

/** Sizes that homes really have; the first is the one of the documentation. */
const SIZES = [
  { capacityKwh: 13.5, powerKwMax: 5 },
  { capacityKwh: 10, powerKwMax: 5 },
  { capacityKwh: 6.4, powerKwMax: 3.6 },
  { capacityKwh: 20, powerKwMax: 10 },
  { capacityKwh: 7.7, powerKwMax: 3.3 },
] as const;

/**
 * Adds `count` batteries to an environment that has no devices; safe to call at every start and from
 * several processes at once.
 * @returns how many were added
 */
export async function ensureSandboxBatteries(
  storage: Storage,
  ids: IdSource,
  { environmentId, count }: { environmentId: string; count: number },
): Promise<number> {
  if (count === 0) return 0;
  // Ids of one moment sort at random; the batteries are listed by id and named in that order.
  const deviceIds = Array.from({ length: count }, () => ids.make("dev_")).sort();
  const devices = deviceIds.map((deviceId, index) => ({
    deviceId,
    bucket: bucketOf(deviceId),
    connector: "sandbox",
    config: JSON.stringify(SIZES[index % SIZES.length]),
    name: `Sandbox battery ${index + 1}`,
    userId: `user_${index + 1}`,
  }));
  return addFirstDevices(storage, environmentId, devices);
}
