/** What a battery can do, in words. */
import type { ReactNode } from "react";
import type { BatteryOut } from "../../api/generated/paths.ts";
import { commandDoes, commandName, parameterName } from "../../components/action-words.ts";
import { formatUnit } from "../../lib/quantity.ts";

type Parameters = BatteryOut["capabilities"]["commands"][string]["parameters"];

/** `Power 0.1 to 5 kW (5 unless given)`. */
function rangesInWords(parameters: Parameters): string {
  const ranges = Object.entries(parameters).map(([name, { units, min, max, default: preset }]) => {
    const unit = formatUnit(units[0] ?? "");
    return `${parameterName(name)} ${min} to ${max} ${unit} (${preset} unless given)`;
  });
  return ranges.length === 0 ? "Nothing to set." : ranges.join(" · ");
}

export function CapabilityList({ battery }: { battery: BatteryOut }): ReactNode {
  return (
    <ul className="grid gap-x-8 gap-y-4 sm:grid-cols-2">
      {Object.entries(battery.capabilities.commands).map(([command, { parameters }]) => (
        <li key={command} className="text-sm">
          <p className="font-medium">
            {commandName(command)}
            <code className="ml-2 font-mono text-2xs font-normal text-faint">{command}</code>
          </p>
          <p className="text-muted">{commandDoes(command)}</p>
          <p className="mt-0.5 text-xs text-faint tabular-nums">{rangesInWords(parameters)}</p>
        </li>
      ))}
    </ul>
  );
}
