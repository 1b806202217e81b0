/** What the form holds, and the push it makes of it. */
import type { BatteryOut, PushIn } from "../../api/generated/paths.ts";
import { formatUnit } from "../../lib/quantity.ts";

export type Outcome = "natural" | "completed" | "failed";

export interface PushDraft {
  command: string;
  /** Parameter → typed text; empty: not sent. Kept when another command has the same parameter. */
  parameters: Readonly<Record<string, string>>;
  outcome: Outcome;
  errorCode: string;
  /** Simulated time, such as 2s; empty: not sent. */
  delay: string;
}

export type Ranges = BatteryOut["capabilities"]["commands"][string]["parameters"];
export type Range = Ranges[string];

export const EMPTY_DRAFT: PushDraft = {
  command: "charge",
  parameters: {},
  outcome: "natural",
  errorCode: "DEVICE_REJECTED",
  delay: "",
};

export function rangesOf(battery: BatteryOut, command: string): Ranges {
  return battery.capabilities.commands[command]?.parameters ?? {};
}

/** What the form sends. Values out of range go along: the server judges. */
export function pushOf(draft: PushDraft, ranges: Ranges, simulated: boolean): PushIn {
  const given = Object.entries(ranges).flatMap(([name, { units }]) => {
    const text = draft.parameters[name]?.trim() ?? "";
    const value = Number(text);
    if (text === "" || Number.isNaN(value)) return [];
    return [[name, { value, unit: units[0] ?? "" }] as const];
  });
  const { command, outcome, errorCode, delay } = draft;
  return {
    action: {
      command,
      ...(given.length > 0 && { parameters: Object.fromEntries(given) }),
    },
    ...(simulated &&
      outcome !== "natural" && {
        sandbox: {
          outcome,
          ...(outcome === "failed" && { errorCode }),
          ...(delay.trim() !== "" && { delay: delay.trim() }),
        },
      }),
  };
}

/** What this battery would say to the value; undefined when it is fine, or not there. */
export function doubtAbout(text: string, { min, max, units }: Range): string | undefined {
  const value = Number(text);
  const unit = formatUnit(units[0] ?? "");
  if (text.trim() === "" || (value >= min && value <= max)) return undefined;
  return `This battery takes ${min} to ${max} ${unit}.`;
}

/** The same push without the dashboard. */
export function curlOf(deviceId: string, push: PushIn): string {
  return `curl ${location.origin}/battery/${deviceId} \\
  -H "x-api-key: $AMPS_KEY" -H 'content-type: application/json' \\
  -d '${JSON.stringify(push)}'`;
}
