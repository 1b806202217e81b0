import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { COMMANDS } from "../../../core/action.ts";
import { type BatteryModel, type BatteryState, type Drive, simulate } from "./physics.ts";

const MODEL: BatteryModel = {
  capacityKwh: 13.5,
  powerKwMax: 5,
  roundTripEfficiency: 0.9,
  rampKwPerSecond: 1,
  floorPercent: 0,
  sunKwMax: 6,
  loadKwMean: 0.7,
  seed: 7,
};
const NOON = Date.UTC(2026, 5, 1, 12);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const models = fc.record({
  capacityKwh: fc.double({ min: 1, max: 200, noNaN: true }),
  powerKwMax: fc.double({ min: 0.5, max: 50, noNaN: true }),
  roundTripEfficiency: fc.double({ min: 0.5, max: 1, noNaN: true }),
  rampKwPerSecond: fc.double({ min: 0.1, max: 50, noNaN: true }),
  floorPercent: fc.integer({ min: 0, max: 50 }),
  sunKwMax: fc.double({ min: 0, max: 20, noNaN: true }),
  loadKwMean: fc.double({ min: 0.1, max: 3, noNaN: true }),
  seed: fc.integer({ min: 0, max: 0xff_ff_ff_ff }),
});
const percents = fc.double({ min: 0, max: 100, noNaN: true });
const drives: fc.Arbitrary<Drive> = fc.record(
  {
    mode: fc.constantFrom(...COMMANDS),
    powerKwMax: fc.double({ min: 0.1, max: 50, noNaN: true }),
    targetPercent: percents,
    reservePercent: percents,
  },
  { requiredKeys: ["mode"] },
);
const spansMs = fc.integer({ min: 0, max: 6 * 24 * HOUR_MS });

interface Trial {
  model: BatteryModel;
  drive: Drive;
  socPercent: number;
  spanMs: number;
}

const trials: fc.Arbitrary<Trial> = fc.record({
  model: models,
  drive: drives,
  socPercent: percents,
  spanMs: spansMs,
});

function run({ model, drive, socPercent, spanMs }: Trial): BatteryState {
  const energyKwh = (model.capacityKwh * socPercent) / 100;
  return simulate(model, drive, { at: NOON, energyKwh, powerKw: 0 }, NOON + spanMs);
}

describe("laws", () => {
  test("energy is conserved: what is stored is what came in, less what was lost each way", () => {
    fc.assert(
      fc.property(trials, (trial) => {
        const { model, socPercent } = trial;
        const { energyKwh, chargedKwh, dischargedKwh } = run(trial);
        const oneWay = Math.sqrt(model.roundTripEfficiency);
        const expected =
          (model.capacityKwh * socPercent) / 100 + chargedKwh * oneWay - dischargedKwh / oneWay;
        expect(Math.abs(energyKwh - expected)).toBeLessThan(1e-6 * model.capacityKwh);
      }),
    );
  });

  test("nothing leaves its bounds", () => {
    fc.assert(
      fc.property(trials, (trial) => {
        const { energyKwh, powerKw } = run(trial);
        const { model, drive } = trial;
        expect(energyKwh).toBeGreaterThanOrEqual(0);
        expect(energyKwh).toBeLessThanOrEqual(model.capacityKwh);
        const capKw =
          drive.mode === "auto.reserve" ? model.powerKwMax : (drive.powerKwMax ?? Infinity);
        expect(Math.abs(powerKw)).toBeLessThanOrEqual(Math.min(model.powerKwMax, capKw) + 1e-9);
      }),
    );
  });

  test("the same question has the same answer", () => {
    fc.assert(
      fc.property(trials, (trial) => {
        expect(run(trial)).toEqual(run(trial));
      }),
    );
  });

  test("charging never loses charge and never passes its target; discharging is its mirror", () => {
    const modes = fc.constantFrom("charge" as const, "discharge" as const);
    fc.assert(
      fc.property(trials, modes, spansMs, (trial, mode, laterMs) => {
        const drive = { ...trial.drive, mode };
        const early = run({ ...trial, drive, spanMs: Math.min(trial.spanMs, laterMs) }).energyKwh;
        const late = run({ ...trial, drive, spanMs: Math.max(trial.spanMs, laterMs) }).energyKwh;
        const startKwh = (trial.model.capacityKwh * trial.socPercent) / 100;
        const share = trial.model.capacityKwh / 100;
        const tolerance = 1e-9 * trial.model.capacityKwh;
        if (mode === "charge") {
          expect(late).toBeGreaterThanOrEqual(early - tolerance);
          const ceiling = Math.max(startKwh, (drive.targetPercent ?? 100) * share);
          expect(late).toBeLessThanOrEqual(ceiling + tolerance);
        } else {
          expect(late).toBeLessThanOrEqual(early + tolerance);
          const floor = Math.max(trial.model.floorPercent, drive.targetPercent ?? 0) * share;
          expect(late).toBeGreaterThanOrEqual(Math.min(startKwh, floor) - tolerance);
        }
      }),
    );
  });

  test("a stop on the way leads to nearly the same place", () => {
    const start = { at: NOON, energyKwh: 4, powerKw: 0 };
    for (const mode of COMMANDS) {
      const direct = simulate(MODEL, { mode }, start, NOON + 2 * HOUR_MS);
      const half = simulate(MODEL, { mode }, start, NOON + HOUR_MS);
      const rest = { at: NOON + HOUR_MS, energyKwh: half.energyKwh, powerKw: half.powerKw };
      const stopped = simulate(MODEL, { mode }, rest, NOON + 2 * HOUR_MS);
      expect(Math.abs(stopped.energyKwh - direct.energyKwh)).toBeLessThan(0.3);
    }
  });
});

describe("examples", () => {
  const at50 = { at: NOON, energyKwh: 6.75, powerKw: 0 };

  test("an hour of charging at 3 kW stores 3 kWh less the loss of one way", () => {
    const { energyKwh } = simulate(MODEL, { mode: "charge", powerKwMax: 3 }, at50, NOON + HOUR_MS);
    expect(energyKwh - 6.75).toBeCloseTo(3 * Math.sqrt(0.9), 2);
  });

  test("power ramps", () => {
    const after = (spanMs: number): number =>
      simulate(MODEL, { mode: "charge" }, at50, NOON + spanMs).powerKw;
    expect([1_000, 2_000, 5_000, 9_000].map(after)).toEqual([1, 2, 5, 5]);
  });

  test("power tapers near full and near empty", () => {
    const full = { ...at50, energyKwh: 13.5 * 0.98 };
    const nearlyFull = simulate(MODEL, { mode: "charge" }, full, NOON + 10_000).powerKw;
    expect(nearlyFull).toBeGreaterThan(0);
    expect(nearlyFull).toBeLessThan(2.1);
    const low = { ...at50, energyKwh: 13.5 * 0.02 };
    const nearlyEmpty = simulate(MODEL, { mode: "discharge" }, low, NOON + 10_000).powerKw;
    expect(nearlyEmpty).toBeLessThan(0);
    expect(nearlyEmpty).toBeGreaterThan(-2.1);
  });

  test("it does arrive at its target, and rests there", () => {
    const { energyKwh, powerKw } = simulate(MODEL, { mode: "charge" }, at50, NOON + 12 * HOUR_MS);
    expect(energyKwh).toBeCloseTo(13.5, 9);
    expect(powerKw).toBe(0);
    const drive = { mode: "discharge", targetPercent: 30 } as const;
    const lower = simulate(MODEL, drive, at50, NOON + 12 * HOUR_MS);
    expect(lower.energyKwh).toBeCloseTo(13.5 * 0.3, 9);
    expect(lower.powerKw).toBe(0);
  });

  test("idle keeps what it has", () => {
    const { energyKwh } = simulate(MODEL, { mode: "idle" }, at50, NOON + 24 * HOUR_MS);
    expect(energyKwh).toBe(6.75);
  });

  test("auto.balanced charges by day and discharges by evening, down to its reserve", () => {
    const drive = { mode: "auto.balanced", reservePercent: 25 } as const;
    const midday = simulate(MODEL, drive, at50, NOON + HOUR_MS);
    expect(midday.powerKw).toBeGreaterThan(0);
    const evening = { at: NOON + 7 * HOUR_MS, energyKwh: 6.75, powerKw: 0 };
    expect(simulate(MODEL, drive, evening, NOON + 8 * HOUR_MS).powerKw).toBeLessThan(0);
    const nights = simulate({ ...MODEL, sunKwMax: 0 }, drive, at50, NOON + 72 * HOUR_MS);
    expect(nights.energyKwh).toBeCloseTo(13.5 * 0.25, 6);
  });

  test("auto.reserve fills up to its reserve from the grid, without sun", () => {
    const drive = { mode: "auto.reserve", reservePercent: 80 } as const;
    const night = { at: Date.UTC(2026, 5, 1), energyKwh: 1, powerKw: 0 };
    const { energyKwh } = simulate(MODEL, drive, night, night.at + 5 * HOUR_MS);
    expect(energyKwh / 13.5).toBeGreaterThan(0.79);
  });

  test("auto.export sells in the evening at full power", () => {
    const evening = { at: Date.UTC(2026, 5, 1, 17), energyKwh: 13.5, powerKw: 0 };
    const { powerKw } = simulate(MODEL, { mode: "auto.export" }, evening, evening.at + HOUR_MS);
    expect(powerKw).toBe(-5);
  });

  test("a time before the start shows the start", () => {
    expect(simulate(MODEL, { mode: "charge" }, at50, NOON - HOUR_MS).energyKwh).toBe(6.75);
  });

  test("of years in an automatic mode only the last days are gone through", () => {
    const years = 30 * 365 * 24 * HOUR_MS;
    const drive = { mode: "auto.balanced" } as const;
    const late = { ...at50, at: NOON + years - 96 * HOUR_MS };
    const short = simulate(MODEL, drive, late, NOON + years);
    expect(simulate(MODEL, drive, at50, NOON + years)).toEqual(short);
  });
});
