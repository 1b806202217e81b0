import { describe, expect, test } from "vitest";
import type { Plan, Setpoint } from "./connector.ts";
import { judgePlan } from "./judge-plan.ts";

function plan(wanted: Setpoint, before: Setpoint): Plan {
  const { mode, ...limits } = wanted;
  const { mode: heldMode, ...heldLimits } = before;
  const covers = ["powerWMax", "targetPercent", "reservePercent"] as const;
  return {
    setpoint: wanted,
    steps: [
      { name: "limits", covers, value: limits, undo: heldLimits },
      { name: "mode", covers: ["mode"], value: { mode }, undo: { mode: heldMode } },
    ],
  };
}

const IDLE: Setpoint = { mode: "idle" };
const CHARGE: Setpoint = { mode: "charge", powerWMax: 3_000, targetPercent: 90 };

describe("judgePlan", () => {
  const charge = plan(CHARGE, IDLE);

  test.for([
    ["all of it", CHARGE, "applied"],
    ["none of it", IDLE, "not_applied"],
    ["only the limits", { ...CHARGE, mode: "idle" }, "partial"],
    ["only the mode", { mode: "charge" }, "partial"],
    ["something foreign", { mode: "discharge", powerWMax: 1 }, "not_applied"],
    ["a limit too many", { ...CHARGE, reservePercent: 10 }, "partial"],
  ] as const)("holding %s", ([, held, verdict]) => {
    expect(judgePlan(charge, held)).toBe(verdict);
  });

  test("what was held before proves nothing", () => {
    const sameLimits = plan({ mode: "charge" }, IDLE);
    expect(judgePlan(sameLimits, IDLE)).toBe("not_applied");
    expect(judgePlan(sameLimits, { mode: "charge" })).toBe("applied");
  });

  test("a plan that changes nothing is applied", () => {
    expect(judgePlan(plan(CHARGE, CHARGE), CHARGE)).toBe("applied");
  });
});
