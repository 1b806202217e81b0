/**
 * A push, judged against what its battery can do. The shape was checked by the schema; here all that
 * is wrong is found at once, so that the next request can be right.
 */
import { isCommand } from "../core/action.ts";
import { checkParameters, type SentQuantity } from "../core/capabilities.ts";
import { parseDurationMs } from "../core/duration.ts";
import { readTimeWindow } from "../core/time-window.ts";
import type { EnvironmentMode, UnixMs } from "../core/types.ts";
import type { SandboxOrder } from "./connectors/connector.ts";
import { DEFAULT_DELAY_MS } from "./connectors/sandbox/behaviour.ts";
import type { KnownDevice } from "./device-catalogue.ts";
import { Refusal, type RefusalCode } from "./refusals.ts";

/** As `PushBody` of schemas.ts accepts it. */
export interface PushBody {
  action: {
    command: string;
    parameters?: Record<string, SentQuantity>;
    start?: string;
    end?: string;
  };
  onConflict?: string;
  sandbox?: { outcome: "completed" | "failed"; errorCode?: string; delay?: string };
}

export interface ReadPush {
  command: string;
  /** JSON texts, as they are stored. */
  parameters: string;
  sandbox: string | null;
}

interface Problem {
  code: RefusalCode;
  field: string;
  message: string;
  details: Record<string, unknown>;
}

export interface PushContext {
  known: KnownDevice;
  mode: EnvironmentMode;
  now: UnixMs;
}

const SANDBOX_DELAY_MS_MAX = 3_600_000;
const DEFAULT_FAILURE = "DEVICE_REJECTED";

/** @throws Refusal with the first problem and, in `details.problems`, all of them */
export function readPush(body: PushBody, context: PushContext): ReadPush {
  const { action, sandbox } = body;
  const problems: Problem[] = [];
  const parameters = readCommand(body, context.known, problems);
  const window = readTimeWindow(action, context.now);
  if (!window.ok) {
    const { field, reason, details, ...problem } = window.problem;
    problems.push({ ...problem, field: `action.${field}`, details: { reason, ...details } });
  }
  const order =
    sandbox === undefined || context.mode === "live" ? null : readSandbox(sandbox, problems);
  // Last, because it is the only one that no other value would fix.
  problems.push(...executionProblems(body, context.known));
  refuse(problems);
  return {
    command: action.command,
    parameters: JSON.stringify(parameters),
    sandbox: order === null ? null : JSON.stringify(order),
  };
}

function refuse(problems: Problem[]): void {
  const [first] = problems;
  if (first === undefined) return;
  const { code, message, field, details } = first;
  const all = problems.map(({ code: each, field: at, message: text, details: more }) => ({
    code: each,
    field: at,
    message: text,
    ...more,
  }));
  const shown = { field, ...details, ...(all.length > 1 && { problems: all }) };
  throw new Refusal(code, { message, details: shown });
}

function readCommand({ action }: PushBody, known: KnownDevice, problems: Problem[]): object {
  const { command, parameters = {} } = action;
  const { commands } = known.description.capabilities;
  const capability = isCommand(command) ? commands[command] : undefined;
  if (!isCommand(command) || capability === undefined) {
    const supportedCommands = Object.keys(commands);
    problems.push({
      code: "UNSUPPORTED_MODE",
      field: "action.command",
      message: `This battery supports ${supportedCommands.join(", ")}.`,
      details: { supportedCommands, capabilities: known.description.capabilities },
    });
    return {};
  }
  const checked = checkParameters(command, capability, new Map(Object.entries(parameters)));
  if (checked.ok) return checked.parameters;
  problems.push(...checked.problems);
  return {};
}

/** What comes with the execution engine of a later version is refused, not dropped. */
function executionProblems({ action, onConflict }: PushBody, known: KnownDevice): Problem[] {
  const { commands, conflictStrategies } = known.description.capabilities;
  const executions = (isCommand(action.command) && commands[action.command]?.executions) || [
    "immediate",
  ];
  const sent = [
    ["action.start", action.start],
    ["action.end", action.end],
    ["onConflict", onConflict],
  ] as const;
  return sent
    .filter(([, value]) => value !== undefined)
    .map(([field]) => ({
      code: "EXECUTION_NOT_SUPPORTED" as const,
      field,
      message: `${field} is not supported by this battery. Leave it out: the action starts at once.`,
      details: { supportedExecutions: executions, supportedConflictStrategies: conflictStrategies },
    }));
}

function readSandbox(
  sandbox: NonNullable<PushBody["sandbox"]>,
  problems: Problem[],
): SandboxOrder | null {
  const { outcome, errorCode, delay } = sandbox;
  const found: Problem[] = [];
  const problem = (field: string, message: string, details: object): void => {
    const reason = "field.invalid";
    found.push({ code: "INVALID_REQUEST", field, message, details: { reason, ...details } });
  };
  if (errorCode !== undefined && outcome !== "failed") {
    problem("sandbox.errorCode", "sandbox.errorCode needs the outcome failed.", {});
  }
  const delayMs = delay === undefined ? DEFAULT_DELAY_MS : parseDurationMs(delay);
  if (delayMs === undefined || delayMs > SANDBOX_DELAY_MS_MAX) {
    const message = "sandbox.delay is a time from 0s to 1h, such as 2s or 1.5m.";
    problem("sandbox.delay", message, { min: "0s", max: "1h" });
  }
  problems.push(...found);
  if (found.length > 0 || delayMs === undefined) return null;
  return { outcome, errorCode: errorCode ?? DEFAULT_FAILURE, delayMs };
}
