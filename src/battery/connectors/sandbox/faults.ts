/**
 * How a simulated battery misbehaves, chosen by its configuration (`fault`) or by the end of its
 * device id (`…_reject`, `…_busy_then_ok_2`). The `sandbox` object of a push wins over both.
 */
import type { DeviceReference } from "../connector.ts";

/** Name → default of its number; null: takes none. Numbers are counts or seconds of simulated time. */
export const FAULTS = {
  ok: null,
  reject: null,
  offline: null,
  busy_then_ok: 1,
  timeout_applied: null,
  timeout_not_applied: null,
  partial: null,
  late_ack: 5,
  duplicate_ack: null,
  scheduler_active: null,
  auth_expired: null,
  early_revert: 60,
  power_clamped: null,
  already_at_target: null,
  flapping: null,
} as const;

export type FaultName = keyof typeof FAULTS;

export interface Fault {
  name: FaultName;
  number: number;
}

const NAMES = Object.keys(FAULTS) as FaultName[]; // Object.keys loses the literal types.

/** `reject`, `late_ack(7)` or `late_ack_7`; undefined when it names no fault. */
export function parseFault(text: string): Fault | undefined {
  const match = /^([a-z_]+?)(?:\((\d{1,6})\)|_(\d{1,6}))?$/.exec(text);
  const name = NAMES.find((known) => known === match?.[1]);
  if (name === undefined) return undefined;
  const fallback = FAULTS[name];
  const number = match?.[2] ?? match?.[3];
  if (number !== undefined && fallback === null) return undefined;
  return { name, number: number === undefined ? (fallback ?? 0) : Number(number) };
}

/** The longest ending of the id that names a fault: `x_timeout_not_applied` is not `…_applied`. */
function faultOfId(deviceId: string): Fault | undefined {
  const parts = deviceId.split("_");
  for (let from = 1; from < parts.length; from += 1) {
    const fault = parseFault(parts.slice(from).join("_"));
    if (fault !== undefined) return fault;
  }
  return undefined;
}

export function faultOf(device: DeviceReference): Fault {
  const configured = device.config["fault"];
  const fault =
    typeof configured === "string" ? parseFault(configured) : faultOfId(device.deviceId);
  return fault ?? { name: "ok", number: 0 };
}
