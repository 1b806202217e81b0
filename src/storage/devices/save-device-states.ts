/** Keeps what was read from devices as their last known state; an older reading never replaces a newer. */
import type { UnixMs } from "../../core/types.ts";
import { statement, type Storage } from "../storage.ts";

export interface ObservedState {
  environmentId: string;
  deviceId: string;
  /** JSON text. */
  state: string;
  observedAt: UnixMs;
}

const SAVE = statement(
  "save-device-states",
  `UPDATE device d SET state = s.state, observed_at = to_timestamp(s.observed_at / 1000)
   FROM unnest($1::text[], $2::text[], $3::text[], $4::float8[])
     AS s(environment_id, device_id, state, observed_at)
   WHERE d.environment_id = s.environment_id AND d.device_id = s.device_id
     AND (d.observed_at IS NULL OR d.observed_at <= to_timestamp(s.observed_at / 1000))`,
);

export async function saveDeviceStates(storage: Storage, states: ObservedState[]): Promise<void> {
  await storage.query(SAVE, [
    states.map((state) => state.environmentId),
    states.map((state) => state.deviceId),
    states.map((state) => state.state),
    states.map((state) => state.observedAt),
  ]);
}
