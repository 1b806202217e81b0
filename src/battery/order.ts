/** An accepted action in the canonical units of connectors. */
import { isCommand, type Parameters } from "../core/action.ts";
import type { Action } from "../storage/actions/action.ts";
import type { Order, SandboxOrder } from "./connectors/connector.ts";

export function orderOf(action: Pick<Action, "actionId" | "command" | "parameters">): Order {
  if (!isCommand(action.command)) {
    throw new Error(`${action.actionId} has the unknown command ${action.command}.`);
  }
  const parameters = JSON.parse(action.parameters) as Parameters; // Written by the push that made it.
  const { target, power, reserve } = parameters;
  return {
    mode: action.command,
    ...(target !== undefined && { targetPercent: target.value }),
    ...(power !== undefined && { powerWMax: Math.round(power.value * 1_000) }),
    ...(reserve !== undefined && { reservePercent: reserve.value }),
  };
}

export function sandboxOrderOf(action: Pick<Action, "sandbox">): SandboxOrder | null {
  if (action.sandbox === null) return null;
  return JSON.parse(action.sandbox) as SandboxOrder; // Written by the push that made it.
}
