/** A page of an environment's devices, oldest first, so that the first stays the first. */
import { statement, type Storage } from "../storage.ts";
import { type Device, deviceFromRow, type DeviceRow } from "./device.ts";

const LIST = statement(
  "list-devices",
  `SELECT * FROM device WHERE environment_id = $1 ORDER BY device_id OFFSET $2 LIMIT $3`,
);

const COUNT = statement(
  "count-devices",
  `SELECT count(*)::int AS total
   FROM (SELECT 1 FROM device WHERE environment_id = $1 LIMIT $2) AS counted`,
);

export async function listDevices(
  storage: Storage,
  page: { environmentId: string; offset: number; limit: number },
): Promise<Device[]> {
  const rows = await storage.query<DeviceRow>(LIST, [page.environmentId, page.offset, page.limit]);
  return rows.map(deviceFromRow);
}

/** Counts up to `countMax`, so that a count never costs more than that. */
export async function countDevices(
  storage: Storage,
  environmentId: string,
  countMax: number,
): Promise<number> {
  const [row] = await storage.query<{ total: number }>(COUNT, [environmentId, countMax]);
  return row?.total ?? 0;
}
