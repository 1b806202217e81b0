/**
 * The life of an action. Every change of state in the program asks `changeState`; storage repeats
 * it as a compare-and-set, so that of two writers only the first counts.
 *
 *   push without start ─► acknowledged ─► completed | failed
 *   push with start    ─► scheduled ─► acknowledged
 *                            └───────► cancelled
 */

export const ACTION_STATES = [
  "scheduled",
  "acknowledged",
  "completed",
  "failed",
  "cancelled",
] as const;
export type ActionState = (typeof ACTION_STATES)[number];

/** States an action ends in; `push.completed` and `push.failed` tell of the first two. */
export const TERMINAL_STATES = ["completed", "failed", "cancelled"] as const;
export type TerminalState = (typeof TERMINAL_STATES)[number];

const NEXT: Record<ActionState, readonly ActionState[]> = {
  scheduled: ["acknowledged", "cancelled"],
  acknowledged: ["completed", "failed"],
  completed: [],
  failed: [],
  cancelled: [],
};

export type StateChange<To extends ActionState> =
  | { ok: true; state: To }
  | { ok: false; reason: "action.transition"; message: string };

/** Whether an action may go from one state to another; staying is not a change. */
export function changeState<To extends ActionState>(from: ActionState, to: To): StateChange<To> {
  if (NEXT[from].includes(to)) return { ok: true, state: to };
  const message = `An action that is ${from} cannot become ${to}.`;
  return { ok: false, reason: "action.transition", message };
}

export function isTerminal(state: ActionState): state is TerminalState {
  return NEXT[state].length === 0;
}

export const ACTION_TYPE = "battery:set_operation_mode";

export const COMMANDS = [
  "charge",
  "discharge",
  "idle",
  "auto.balanced",
  "auto.reserve",
  "auto.export",
] as const;
export type CommandName = (typeof COMMANDS)[number];

export function isCommand(name: string): name is CommandName {
  return COMMANDS.some((command) => command === name);
}

export type Unit = "percent" | "kw";

export interface Quantity {
  value: number;
  unit: Unit;
}

/** In the order in which events and resources show them. */
export const PARAMETERS = ["target", "power", "reserve"] as const;
export type ParameterName = (typeof PARAMETERS)[number];

/** target: upper bound of charge, lower bound of discharge. power: a cap. reserve: a floor. */
export type Parameters = Partial<Record<ParameterName, Quantity>>;
