/** Gives an environment that has no devices its first ones. */
import type { Device } from "./device.ts";
import { statement, type Storage } from "../storage.ts";

// Two processes may start at once: the environment's row makes the second wait and then find some.
const LOCK = statement(
  "lock-environment-for-devices",
  "SELECT environment_id FROM environment WHERE environment_id = $1 FOR UPDATE",
);

const ADD = statement(
  "add-first-devices",
  `INSERT INTO device (environment_id, device_id, bucket, connector, config, name, user_id)
   SELECT $1, d.device_id, d.bucket, d.connector, d.config, d.name, d.user_id
   FROM unnest($2::text[], $3::smallint[], $4::text[], $5::text[], $6::text[], $7::text[])
     AS d(device_id, bucket, connector, config, name, user_id)
   WHERE NOT EXISTS (SELECT 1 FROM device WHERE environment_id = $1)
   RETURNING device_id`,
);

export type NewDevice = Pick<
  Device,
  "deviceId" | "bucket" | "connector" | "config" | "name" | "userId"
>;

/** @returns how many were added: all, or none when the environment has devices already */
export async function addFirstDevices(
  storage: Storage,
  environmentId: string,
  devices: NewDevice[],
): Promise<number> {
  return storage.transaction(async (queries) => {
    await queries.query(LOCK, [environmentId]);
    const rows = await queries.query(ADD, [
      environmentId,
      devices.map((device) => device.deviceId),
      devices.map((device) => device.bucket),
      devices.map((device) => device.connector),
      devices.map((device) => device.config),
      devices.map((device) => device.name),
      devices.map((device) => device.userId),
    ]);
    return rows.length;
  });
}
