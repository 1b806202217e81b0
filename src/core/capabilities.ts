/**
 * What a device can do, as data, and the capability rule: presence means supported, and everything
 * that is sent is honoured or refused. A refusal names all problems at once, each with what would be
 * accepted, so that one more request suffices.
 */
import {
  type CommandName,
  type ParameterName,
  PARAMETERS,
  type Parameters,
  type Quantity,
  type Unit,
} from "./action.ts";

export interface ParameterRange {
  units: readonly [Unit];
  min: number;
  max: number;
  /** What holds when the parameter is not sent. */
  default: number;
}

export type Execution = "immediate";

export interface CommandCapability {
  parameters: Partial<Record<ParameterName, ParameterRange>>;
  executions: readonly Execution[];
}

export interface Capabilities {
  commands: Partial<Record<CommandName, CommandCapability>>;
  settings: Record<string, never>;
  conflictStrategies: readonly never[];
}

export interface ParameterProblem {
  code: "UNSUPPORTED_PARAMETER" | "UNSUPPORTED_UNIT" | "PARAMETER_OUT_OF_RANGE";
  field: string;
  message: string;
  details: Record<string, unknown>;
}

/** A quantity as it was sent: the shape is checked, its meaning is not. */
export interface SentQuantity {
  value: number;
  unit: string;
}

export type ParametersResult =
  | { ok: true; parameters: Parameters }
  | { ok: false; problems: ParameterProblem[] };

/** @returns the parameters in their canonical order */
export function checkParameters(
  command: CommandName,
  capability: CommandCapability,
  sent: ReadonlyMap<string, SentQuantity>,
): ParametersResult {
  const problems: ParameterProblem[] = [];
  const accepted = new Map<string, Quantity>();
  for (const [name, quantity] of sent) {
    const range = rangeOf(capability, name);
    const checked =
      range === undefined
        ? unsupported(command, capability, name)
        : checkQuantity(name, range, quantity);
    if ("code" in checked) problems.push(checked);
    else accepted.set(name, checked);
  }
  if (problems.length > 0) return { ok: false, problems };
  const parameters: Parameters = {};
  for (const name of PARAMETERS) {
    const quantity = accepted.get(name);
    if (quantity !== undefined) parameters[name] = quantity;
  }
  return { ok: true, parameters };
}

function rangeOf(capability: CommandCapability, name: string): ParameterRange | undefined {
  const known = PARAMETERS.find((parameter) => parameter === name);
  return known === undefined ? undefined : capability.parameters[known];
}

function unsupported(
  command: CommandName,
  capability: CommandCapability,
  name: string,
): ParameterProblem {
  const names = Object.keys(capability.parameters);
  const accepts = names.length === 0 ? "takes no parameters" : `takes ${names.join(", ")}`;
  return {
    code: "UNSUPPORTED_PARAMETER",
    field: `action.parameters.${name}`,
    message: `${command} does not support the parameter ${name} on this device; it ${accepts}.`,
    details: { parameter: name, command, supportedParameters: capability.parameters },
  };
}

function checkQuantity(
  name: string,
  range: ParameterRange,
  { value, unit }: SentQuantity,
): Quantity | ParameterProblem {
  const field = `action.parameters.${name}`;
  const known = range.units.find((supported) => supported === unit);
  if (known === undefined) {
    return {
      code: "UNSUPPORTED_UNIT",
      field: `${field}.unit`,
      message: `${name} is given in ${range.units.join(" or ")}, not in "${unit.slice(0, 40)}".`,
      details: { parameter: name, supportedUnits: range.units, min: range.min, max: range.max },
    };
  }
  // NaN compares false with everything, so it ends up outside as well.
  if (value >= range.min && value <= range.max) return { value, unit: known };
  return {
    code: "PARAMETER_OUT_OF_RANGE",
    field: `${field}.value`,
    message: `${name} must be from ${range.min} to ${range.max} ${known}.`,
    details: { parameter: name, min: range.min, max: range.max, unit: known },
  };
}
