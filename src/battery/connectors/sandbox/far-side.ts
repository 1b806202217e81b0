/**
 * What a simulated battery remembers and shows. All of it follows from the memory of its last write
 * and the simulated time; a battery that was never written follows from its id alone.
 */
import type { UnixMs } from "../../../core/types.ts";
import type { Setpoint, Snapshot } from "../connector.ts";
import { type BatteryModel, type BatteryState, type Drive, simulate } from "./physics.ts";
import type { SandboxProfile } from "./profile.ts";

export interface Memory {
  /** Where the battery was at the time of the write. */
  anchor: { at: UnixMs; energyKwh: number; powerKw: number };
  setpoint: Setpoint;
  /** Its answer to the write is due then; until then a reading says "not yet". */
  answersAt?: UnixMs;
  /** It falls back to its own mode then. */
  revertsAt?: UnixMs;
}

export const OWN_MODE: Setpoint = { mode: "auto.balanced" };

const DAY_MS = 24 * 3_600_000;
const WARM_UP_DAYS = 2;
const POWER_CLAMP = 0.5;

export function parseMemory(text: string): Memory {
  // Written by `JSON.stringify` of a Memory, in the one table that is the far side's own.
  return JSON.parse(text) as Memory;
}

/** As if it had idled, or had run in its own mode for two days from what its id gives it. */
export function firstMemory(profile: SandboxProfile, now: UnixMs): Memory {
  const midnight = now - (now % DAY_MS);
  const energyKwh = (profile.model.capacityKwh * profile.socPercentAtFirst) / 100;
  if (profile.restsAtFirst) {
    return { anchor: { at: now, energyKwh, powerKw: 0 }, setpoint: { mode: "idle" } };
  }
  const at = midnight - WARM_UP_DAYS * DAY_MS;
  return { anchor: { at, energyKwh, powerKw: 0 }, setpoint: OWN_MODE };
}

function stateAt(profile: SandboxProfile, memory: Memory, now: UnixMs): BatteryState {
  const model: BatteryModel =
    profile.fault.name === "power_clamped"
      ? { ...profile.model, powerKwMax: profile.model.powerKwMax * POWER_CLAMP }
      : profile.model;
  const { revertsAt, anchor, setpoint } = memory;
  if (revertsAt === undefined || now <= revertsAt) {
    return simulate(model, driveOf(setpoint), anchor, now);
  }
  const then = simulate(model, driveOf(setpoint), anchor, revertsAt);
  return simulate(model, driveOf(OWN_MODE), { at: revertsAt, ...then }, now);
}

function driveOf({ mode, powerWMax, targetPercent, reservePercent }: Setpoint): Drive {
  return {
    mode,
    ...(powerWMax !== undefined && { powerKwMax: powerWMax / 1_000 }),
    ...(targetPercent !== undefined && { targetPercent }),
    ...(reservePercent !== undefined && { reservePercent }),
  };
}

/** The setpoint that holds at `now`. */
export function setpointAt(memory: Memory, now: UnixMs): Setpoint {
  return memory.revertsAt !== undefined && now >= memory.revertsAt ? OWN_MODE : memory.setpoint;
}

/** What a reading at simulated `now` shows, but for when and by whom it was read. */
export function shownAt(
  profile: SandboxProfile,
  memory: Memory,
  now: UnixMs,
): Omit<Snapshot, "observedAt" | "source"> {
  const state = stateAt(profile, memory, now);
  const setpoint = setpointAt(memory, now);
  return {
    socPercent: round((100 * state.energyKwh) / profile.model.capacityKwh, 2),
    powerW: Math.round(state.powerKw * 1_000),
    mode: setpoint.mode,
    setpoint,
    serial: profile.serial,
  };
}

/** The memory after a write at `now`. */
export function written(
  profile: SandboxProfile,
  memory: Memory,
  now: UnixMs,
  write: Pick<Memory, "setpoint" | "answersAt" | "revertsAt">,
): Memory {
  const { energyKwh, powerKw } = stateAt(profile, memory, now);
  return {
    anchor: { at: now, energyKwh: round(energyKwh, 6), powerKw: round(powerKw, 6) },
    ...write,
  };
}

function round(value: number, digits: number): number {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale;
}
