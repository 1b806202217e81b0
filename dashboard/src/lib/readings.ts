/**
 * What batteries said while this page was open: the server keeps their last state only. Kept when one goes
 * to another page and comes back; a reload forgets it.
 */
import { Store } from "./store.ts";

export interface BatteryReading {
  /** Unix ms. */
  at: number;
  socPercent: number;
  /** + = charging. */
  powerKw: number;
}

/** Half an hour of two seconds. */
const KEPT_MAX = 900;

const readings = new Map<string, Store<readonly BatteryReading[]>>();

export function readingsOf(deviceId: string): Store<readonly BatteryReading[]> {
  const known = readings.get(deviceId);
  if (known !== undefined) return known;
  const store = new Store<readonly BatteryReading[]>([]);
  readings.set(deviceId, store);
  return store;
}

/** The same reading again adds nothing. */
export function noteReading(deviceId: string, reading: BatteryReading): void {
  const store = readingsOf(deviceId);
  const kept = store.get();
  const last = kept.at(-1);
  if (last !== undefined && last.at >= reading.at) return;
  store.set([...kept, reading].slice(-KEPT_MAX));
}
