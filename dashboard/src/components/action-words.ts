/** Actions in words: what each command does, what was ordered, why it failed and what to do then. */
import type { ActionOut } from "../api/generated/paths.ts";
import { formatQuantity, type Quantity } from "../lib/quantity.ts";

type Command = ActionOut["command"];

interface CommandWords {
  name: string;
  does: string;
}

const COMMANDS: Record<Command, CommandWords> = {
  charge: { name: "Charge", does: "Takes power until the target is reached." },
  discharge: { name: "Discharge", does: "Gives power down to the target." },
  idle: { name: "Idle", does: "Neither charges nor discharges." },
  "auto.balanced": { name: "Automatic: balanced", does: "Uses the sun for the house." },
  "auto.reserve": { name: "Automatic: reserve", does: "Fills up to the reserve and keeps it." },
  "auto.export": { name: "Automatic: export", does: "Sells in the evening." },
};

function isCommand(name: string): name is Command {
  return Object.hasOwn(COMMANDS, name);
}

/** Of a command, or of the mode that a battery says it is in. */
export function commandName(command: string): string {
  return isCommand(command) ? COMMANDS[command].name : command;
}

export function commandDoes(command: string): string | undefined {
  return isCommand(command) ? COMMANDS[command].does : undefined;
}

const PARAMETERS: Record<string, { name: string; means: (command: string) => string }> = {
  target: {
    name: "Target",
    means: (command) =>
      command === "discharge" ? "State of charge to stop at." : "State of charge to reach.",
  },
  power: { name: "Power", means: () => "Never more than this." },
  reserve: { name: "Reserve", means: () => "Never below this state of charge." },
};

export function parameterName(parameter: string): string {
  return PARAMETERS[parameter]?.name ?? parameter;
}

export function parameterMeans(parameter: string, command: string): string | undefined {
  return PARAMETERS[parameter]?.means(command);
}

export interface Ordered {
  command: string;
  parameters: Readonly<Record<string, Quantity | undefined>>;
}

/** `Charge to 90 %, at most 3 kW`. */
export function orderInWords({ command, parameters }: Ordered): string {
  const { target, power, reserve } = parameters;
  const parts = [
    target !== undefined &&
      `${command === "discharge" ? "down to" : "to"} ${formatQuantity(target)}`,
    power !== undefined && `at most ${formatQuantity(power)}`,
    reserve !== undefined && `reserve ${formatQuantity(reserve)}`,
  ].filter((part) => part !== false);
  const name = commandName(command);
  if (parts.length === 0) return name;
  return target === undefined ? `${name}, ${parts.join(", ")}` : `${name} ${parts.join(", ")}`;
}

interface FailureWords {
  what: string;
  advice: string;
}

/** As docs/battery-api.md has them. */
const FAILURES: Record<string, FailureWords> = {
  DEVICE_OFFLINE: {
    what: "The battery could not be reached",
    advice: "Nothing was sent. Push again once it is back.",
  },
  SCHEDULER_ACTIVE: {
    what: "A schedule of the battery is in control",
    advice: "Clear the schedule, or the other system that holds it, then push again.",
  },
  INVALID_CREDENTIALS: {
    what: "The battery or its vendor refused our credentials",
    advice: "Link the battery again, then push again.",
  },
  DEVICE_REJECTED: {
    what: "The battery refused the command",
    advice: "The same command would be refused again; push another one.",
  },
  DEVICE_BUSY: {
    what: "The battery was busy until the deadline",
    advice: "Nothing was applied. Push again.",
  },
  OUTCOME_UNKNOWN: {
    what: "It is not known what became of the command",
    advice: "Look at the battery before you push again: it may hold the command.",
  },
  NOT_APPLIED: {
    what: "The battery does not hold the command",
    advice: "It was sent, and reading shows that nothing changed. Push again.",
  },
  PARTIALLY_APPLIED: {
    what: "The battery took over a part of the command",
    advice: "Look at the battery before you push again.",
  },
  EXPIRED: {
    what: "The action could not be started in time",
    advice: "It was given up rather than acted on late. Push again.",
  },
  DEVICE_IDENTITY_MISMATCH: {
    what: "Another battery answers at this address",
    advice: "Nothing was sent. Enrol the battery again.",
  },
};

/** Codes that a forced failure can have. */
export const FAILURE_CODES: readonly string[] = Object.keys(FAILURES);

export function failureWords(code: string | null): FailureWords {
  return (
    FAILURES[code ?? ""] ?? { what: "The action failed", advice: "The message says what is known." }
  );
}
