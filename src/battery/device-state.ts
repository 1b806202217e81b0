/** How a reading of a device is kept and shown: quantities with units, + = charge. */
import type { Snapshot } from "./connectors/connector.ts";
import type { UnixMs } from "../core/types.ts";

export interface ObservedText {
  /** JSON text. */
  state: string;
  observedAt: UnixMs;
}

/** @param readAt server time: what a device says of the time is shown, but orders nothing */
export function observedText(snapshot: Snapshot, readAt: UnixMs): ObservedText {
  const { socPercent, powerW, mode, setpoint, source, observedAt } = snapshot;
  const percent = (value: number): object => ({ value, unit: "percent" });
  const kw = (watts: number): object => ({ value: watts / 1_000, unit: "kw" });
  const state = JSON.stringify({
    soc: percent(socPercent),
    power: kw(powerW),
    mode,
    ...(setpoint.targetPercent !== undefined && { target: percent(setpoint.targetPercent) }),
    ...(setpoint.powerWMax !== undefined && { powerLimit: kw(setpoint.powerWMax) }),
    ...(setpoint.reservePercent !== undefined && { reserve: percent(setpoint.reservePercent) }),
    source,
    deviceTime: new Date(observedAt).toISOString(),
  });
  return { state, observedAt: readAt };
}
