/** How full a battery is: a battery, filled. */
import type { ReactNode } from "react";
import { cx } from "../lib/cx.ts";

interface ChargeGaugeProps {
  percent: number;
  /** Where it is going: a mark on the gauge. */
  target?: number | undefined;
  className?: string;
}

const WIDTH = 100;

export function ChargeGauge({ percent, target, className }: ChargeGaugeProps): ReactNode {
  const filled = Math.min(100, Math.max(0, percent));
  return (
    <span
      role="img"
      aria-label={`${Math.round(filled)} % charged`}
      className={cx("flex items-center gap-0.5", className)}
    >
      <svg
        viewBox={`0 0 ${WIDTH} 20`}
        preserveAspectRatio="none"
        className="h-3 w-full rounded-[4px] bg-bar-idle"
        aria-hidden
      >
        <rect
          width={filled}
          height={20}
          className={filled < 15 ? "fill-bar-bad" : "fill-bar-good"}
        />
        {target !== undefined && (
          <line
            x1={Math.min(99, target)}
            x2={Math.min(99, target)}
            y1={0}
            y2={20}
            strokeWidth={2}
            vectorEffect="non-scaling-stroke"
            className="stroke-ink"
          />
        )}
      </svg>
      <span className="h-1.5 w-0.5 rounded-r-sm bg-bar-idle" aria-hidden />
    </span>
  );
}
