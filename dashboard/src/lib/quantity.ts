/** Quantities of batteries in words: shares, power. */

export interface Quantity {
  value: number;
  unit: string;
}

const UNITS: Record<string, string> = { percent: "%", kw: "kW" };

/** `%`, `kW`; one that is not known stays as it is. */
export function formatUnit(unit: string): string {
  return UNITS[unit] ?? unit;
}

/** `90 %`, `3 kW`. */
export function formatQuantity({ value, unit }: Quantity): string {
  return `${String(Math.round(value * 1_000) / 1_000)} ${formatUnit(unit)}`;
}

/** Below, it is standby and noise. */
const STILL_KW = 0.05;

export type Flow = "charging" | "discharging" | "still";

/** + is charging. */
export function flowOf(kw: number): Flow {
  if (Math.abs(kw) < STILL_KW) return "still";
  return kw > 0 ? "charging" : "discharging";
}

/** `Charging 3.20 kW`, `At rest`. */
export function formatFlow(kw: number): string {
  const flow = flowOf(kw);
  if (flow === "still") return "At rest";
  const power = `${Math.abs(kw).toFixed(2)} kW`;
  return flow === "charging" ? `Charging ${power}` : `Discharging ${power}`;
}
