/** A device as it is stored; texts that are JSON are parsed where they are used. */
import type { UnixMs } from "../../core/types.ts";

export interface Device {
  environmentId: string;
  deviceId: string;
  bucket: number;
  deviceType: string;
  connector: string;
  /** JSON text. */
  config: string;
  name: string;
  userId: string | null;
  /** JSON text, as it was read last. */
  state: string | null;
  observedAt: UnixMs | null;
  createdAt: UnixMs;
}

export interface DeviceRow {
  [column: string]: unknown;
  environment_id: string;
  device_id: string;
  bucket: number;
  device_type: string;
  connector: string;
  config: string;
  name: string;
  user_id: string | null;
  state: string | null;
  observed_at: UnixMs | null;
  created_at: UnixMs;
}

export function deviceFromRow(row: DeviceRow): Device {
  return {
    environmentId: row.environment_id,
    deviceId: row.device_id,
    bucket: row.bucket,
    deviceType: row.device_type,
    connector: row.connector,
    config: row.config,
    name: row.name,
    userId: row.user_id,
    state: row.state,
    observedAt: row.observed_at,
    createdAt: row.created_at,
  };
}
