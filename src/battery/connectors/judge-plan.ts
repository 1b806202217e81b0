/**
 * Whether a device holds a plan, told by reading alone. A step whose value is what the device held
 * before proves nothing either way; the others decide.
 */
import type { Plan, PlanStep, Setpoint } from "./connector.ts";

export type PlanVerdict = "applied" | "not_applied" | "partial";

/** @param held the setpoint as it was read after the dispatch */
export function judgePlan(plan: Plan, held: Setpoint): PlanVerdict {
  let applied = 0;
  let missing = 0;
  for (const step of plan.steps) {
    if (!holds(step, step.value, held)) missing += 1;
    else if (!holds(step, step.value, step.undo)) applied += 1;
  }
  if (missing === 0) return "applied";
  return applied === 0 ? "not_applied" : "partial";
}

function holds(step: PlanStep, wanted: Partial<Setpoint>, held: Partial<Setpoint>): boolean {
  return step.covers.every((key) => wanted[key] === held[key]);
}
