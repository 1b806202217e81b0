import type { ReactNode } from "react";

/** What the lines of the charts are. */
export function ChartLegend(): ReactNode {
  return (
    <p className="flex flex-wrap gap-x-5 gap-y-1 text-xs text-muted">
      <span className="flex items-center gap-1.5">
        <span className="h-2.5 w-4 border-t-2 border-accent bg-accent-soft" aria-hidden />
        State of charge, 0 to 100 %
      </span>
      <span className="flex items-center gap-1.5">
        <span className="h-0.5 w-4 bg-warn" aria-hidden />
        Power: above the middle it charges, below it discharges
      </span>
    </p>
  );
}
