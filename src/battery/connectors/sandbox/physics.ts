/**
 * The physics of a simulated home battery: a pure function of its model, what it was told, where it
 * started and the simulated time. Energy is stored on the DC side; power is what the grid sees, in kW
 * with + = charge, so both ways lose the square root of the round trip.
 *
 * Bounded steps from the start: seconds while the inverter ramps, then minutes until a target is
 * reached, or quarter hours of the day curve in the automatic modes.
 */
import type { CommandName } from "../../../core/action.ts";
import type { UnixMs } from "../../../core/types.ts";

export interface BatteryModel {
  capacityKwh: number;
  powerKwMax: number;
  /** Of a full charge and discharge, above 0, at most 1. */
  roundTripEfficiency: number;
  rampKwPerSecond: number;
  /** The battery never discharges below this by itself. */
  floorPercent: number;
  /** Peak of the roof's output and mean use of the house, for the automatic modes. */
  sunKwMax: number;
  loadKwMean: number;
  /** Shifts the weather and the habits of the house. */
  seed: number;
}

/** What the battery was told, as the physics needs it. */
export interface Drive {
  mode: CommandName;
  powerKwMax?: number;
  targetPercent?: number;
  reservePercent?: number;
}

export interface BatteryState {
  energyKwh: number;
  powerKw: number;
  /** Grid side, since the start. */
  chargedKwh: number;
  dischargedKwh: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const RAMP_STEPS = 12;
const RAMP_STEP_MS = 1_000;
const STEP_MS = 60_000;
const AUTO_STEP_MS = 15 * 60_000;
/** Older history no longer matters in an automatic mode: the battery was full and empty since. */
const AUTO_HISTORY_DAYS_MAX = 4;
const TAPER_SHARE = 0.05;
/** A full taper would never arrive. */
const TAPER_MIN = 0.02;
export const DEFAULT_RESERVE_PERCENT = 20;

/** The state at `until`, from `start` at `from`; a time before the start shows the start. */
export function simulate(
  model: BatteryModel,
  drive: Drive,
  start: { at: UnixMs; energyKwh: number; powerKw: number },
  until: UnixMs,
): BatteryState {
  const { energyKwh, powerKw } = start;
  const state: BatteryState = { energyKwh, powerKw, chargedKwh: 0, dischargedKwh: 0 };
  const intent = intend(model, drive);
  const automatic = intent.wantedKw === "automatic";
  const fullStepMs = automatic ? AUTO_STEP_MS : STEP_MS;
  const step = { at: automatic ? skipHistory(start.at, until) : start.at, stepMs: 0 };
  for (let number = 0; step.at < until; number += 1) {
    const ramping = number < RAMP_STEPS;
    step.stepMs = Math.min(until - step.at, ramping ? RAMP_STEP_MS : fullStepMs);
    advance(model, intent, state, step);
    step.at += step.stepMs;
    // At rest on a target nothing changes any more.
    if (!automatic && !ramping && state.powerKw === 0) return state;
  }
  return state;
}

function skipHistory(from: UnixMs, until: UnixMs): UnixMs {
  const days = Math.floor((until - from) / DAY_MS) - AUTO_HISTORY_DAYS_MAX;
  return days > 0 ? from + days * DAY_MS : from;
}

/** In place: a push simulates some two hundred steps, and an object for each was a tenth of its garbage. */
function advance(
  model: BatteryModel,
  intent: Intent,
  state: BatteryState,
  step: { at: UnixMs; stepMs: number },
): void {
  const hours = step.stepMs / HOUR_MS;
  const oneWay = Math.sqrt(model.roundTripEfficiency);
  const wantedKw =
    intent.wantedKw === "automatic"
      ? automaticKw(model, intent, state.energyKwh, step.at)
      : intent.wantedKw;
  const rampKw = (model.rampKwPerSecond * step.stepMs) / 1_000;
  const ramped = state.powerKw + clamp(wantedKw - state.powerKw, -rampKw, rampKw);
  const tapered = taper(model, state.energyKwh, ramped);
  // The step ends on a bound rather than beyond it.
  const roomKw = Math.max(0, intent.ceilingKwh - state.energyKwh) / oneWay / hours;
  const stockKw = (Math.max(0, state.energyKwh - intent.floorKwh) * oneWay) / hours;
  // Adding zero makes the rest of a discharge 0 rather than -0.
  const powerKw = clamp(tapered, -stockKw, roomKw) + 0;
  const storedKwh = powerKw > 0 ? powerKw * hours * oneWay : (powerKw * hours) / oneWay;
  state.energyKwh = clamp(state.energyKwh + storedKwh, 0, model.capacityKwh);
  state.powerKw = powerKw;
  state.chargedKwh += Math.max(0, powerKw) * hours;
  state.dischargedKwh += Math.max(0, -powerKw) * hours;
}

/** What the battery wants to do, and the bounds of its energy while it does. */
interface Intent {
  mode: CommandName;
  /** automatic: as the day goes. */
  wantedKw: number | "automatic";
  capKw: number;
  ceilingKwh: number;
  floorKwh: number;
}

function intend(model: BatteryModel, drive: Drive): Intent {
  const { mode } = drive;
  const share = model.capacityKwh / 100;
  const capKw = Math.min(model.powerKwMax, drive.powerKwMax ?? model.powerKwMax);
  const floorKwh = model.floorPercent * share;
  const bounds = { mode, capKw, ceilingKwh: model.capacityKwh, floorKwh };
  switch (mode) {
    case "charge":
      return { ...bounds, wantedKw: capKw, ceilingKwh: (drive.targetPercent ?? 100) * share };
    case "discharge": {
      const floorPercent = Math.max(model.floorPercent, drive.targetPercent ?? 0);
      return { ...bounds, wantedKw: -capKw, floorKwh: floorPercent * share };
    }
    case "idle":
      return { ...bounds, wantedKw: 0 };
    default: {
      const reserve = Math.max(model.floorPercent, drive.reservePercent ?? DEFAULT_RESERVE_PERCENT);
      return { ...bounds, wantedKw: "automatic", floorKwh: reserve * share };
    }
  }
}

function automaticKw(
  model: BatteryModel,
  { mode, capKw, floorKwh }: Intent,
  energyKwh: number,
  at: UnixMs,
): number {
  return clamp(
    automaticWishKw(model, mode, { at, belowReserve: energyKwh < floorKwh }),
    -capKw,
    capKw,
  );
}

function automaticWishKw(
  model: BatteryModel,
  mode: CommandName,
  now: { at: UnixMs; belowReserve: boolean },
): number {
  const surplusKw = sunKw(model, now.at) - loadKw(model, now.at);
  if (mode === "auto.reserve" && now.belowReserve) return model.powerKwMax;
  const hour = (now.at % DAY_MS) / HOUR_MS;
  if (mode === "auto.export" && hour >= 17 && hour < 21) return -model.powerKwMax;
  return surplusKw;
}

function sunKw(model: BatteryModel, at: UnixMs): number {
  const height = Math.sin((Math.PI * ((at % DAY_MS) / HOUR_MS - 6)) / 12);
  if (height <= 0) return 0;
  const clearness = 0.4 + 0.6 * noise(model.seed, Math.floor(at / DAY_MS));
  return model.sunKwMax * clearness * height ** 1.3;
}

function loadKw(model: BatteryModel, at: UnixMs): number {
  const hour = (at % DAY_MS) / HOUR_MS;
  const shift = noise(model.seed, 1) - 0.5;
  const morning = bump(hour - 7.5 - shift, 1.2);
  const evening = bump(hour - 19 - shift, 2);
  return model.loadKwMean * (0.6 + 0.8 * morning + 1.6 * evening);
}

function bump(distance: number, width: number): number {
  return Math.exp(-((distance / width) ** 2));
}

/** 0 to 1, the same for the same numbers. */
export function noise(seed: number, index: number): number {
  let mixed = Math.imul(seed ^ Math.imul(index + 1, 0x9e_37_79_b1), 0x85_eb_ca_6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2_b2_ae_35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 0x1_0000_0000;
}

/** Batteries take little near full and give little near empty. */
function taper(model: BatteryModel, energyKwh: number, powerKw: number): number {
  const share = energyKwh / model.capacityKwh;
  const room = powerKw > 0 ? 1 - share : share;
  const limitKw = model.powerKwMax * Math.max(TAPER_MIN, Math.min(1, room / TAPER_SHARE));
  return clamp(powerKw, -limitKw, limitKw);
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
