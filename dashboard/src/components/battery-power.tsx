/** What a battery does just now: an arrow, the power, and the word for it. */
import type { ReactNode } from "react";
import { ArrowDown, ArrowUp, Minus } from "lucide-react";
import { cx } from "../lib/cx.ts";
import { flowOf, formatFlow } from "../lib/quantity.ts";

const LOOKS = {
  charging: { icon: ArrowDown, ink: "text-good" },
  discharging: { icon: ArrowUp, ink: "text-warn" },
  still: { icon: Minus, ink: "text-muted" },
} as const;

export function BatteryPower({ kw }: { kw: number }): ReactNode {
  const { icon: Icon, ink } = LOOKS[flowOf(kw)];
  return (
    <span className={cx("inline-flex items-center gap-1 font-medium tabular-nums", ink)}>
      <Icon className="size-3.5 shrink-0" aria-hidden />
      {formatFlow(kw)}
    </span>
  );
}
