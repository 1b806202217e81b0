/** Reads devices by id, many environments at a time. */
import { statement, type Storage } from "../storage.ts";
import { type Device, deviceFromRow, type DeviceRow } from "./device.ts";

export interface DeviceKey {
  environmentId: string;
  deviceId: string;
}

const LOAD = statement(
  "load-devices",
  `SELECT d.* FROM unnest($1::text[], $2::text[]) AS k(environment_id, device_id)
   JOIN device d USING (environment_id, device_id)`,
);

/** @returns those that exist, in no order */
export async function loadDevices(storage: Storage, keys: DeviceKey[]): Promise<Device[]> {
  const rows = await storage.query<DeviceRow>(LOAD, [
    keys.map((key) => key.environmentId),
    keys.map((key) => key.deviceId),
  ]);
  return rows.map(deviceFromRow);
}
