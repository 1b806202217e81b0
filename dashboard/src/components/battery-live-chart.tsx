/** The last minutes of a battery, as this page has seen them. */
import type { ReactNode } from "react";
import type { BatteryOut } from "../api/generated/paths.ts";
import { formatFlow } from "../lib/quantity.ts";
import { readingsOf } from "../lib/readings.ts";
import { useStore } from "../lib/store.ts";
import { LiveChart } from "../ui/live-chart.tsx";

const FALLBACK_KW = 5;

/** The most that any command may ask for. */
export function powerMaxOf({ capabilities }: Pick<BatteryOut, "capabilities">): number {
  const all = Object.values(capabilities.commands).map(
    ({ parameters }) => parameters["power"]?.max,
  );
  const known = all.filter((max) => max !== undefined);
  return known.length === 0 ? FALLBACK_KW : Math.max(...known);
}

interface BatteryLiveChartProps {
  battery: BatteryOut;
  className?: string;
}

export function BatteryLiveChart({ battery, className }: BatteryLiveChartProps): ReactNode {
  const readings = useStore(readingsOf(battery.id));
  const last = readings.at(-1);
  const label =
    last === undefined
      ? "No readings yet"
      : `${last.socPercent.toFixed(1)} % charged, ${formatFlow(last.powerKw).toLowerCase()}`;
  return (
    <LiveChart
      points={readings.map(({ at, socPercent, powerKw }) => ({
        at,
        level: socPercent,
        flow: powerKw,
      }))}
      flowMax={powerMaxOf(battery)}
      label={label}
      {...(className !== undefined && { className })}
    />
  );
}
