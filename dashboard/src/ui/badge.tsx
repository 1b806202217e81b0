/** A status: a word and an icon, and only then a colour. */
import type { ReactNode } from "react";
import {
  Ban,
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CirclePause,
  CircleX,
  type LucideIcon,
  RotateCw,
} from "lucide-react";
import { cx } from "../lib/cx.ts";

export type BadgeTone = "good" | "warn" | "bad" | "plain" | "accent" | "live";

const TONES: Record<BadgeTone, string> = {
  good: "bg-good-soft text-good",
  warn: "bg-warn-soft text-warn",
  bad: "bg-bad-soft text-bad",
  plain: "bg-sunken text-muted",
  accent: "bg-accent-soft text-accent",
  live: "bg-live-soft text-live",
};

interface BadgeProps {
  tone?: BadgeTone;
  icon?: LucideIcon | undefined;
  children: ReactNode;
  title?: string | undefined;
}

export function Badge({ tone = "plain", icon: Icon, children, title }: BadgeProps): ReactNode {
  return (
    <span
      title={title}
      className={cx(
        "inline-flex h-5 items-center gap-1 rounded-md px-1.5 text-xs font-medium whitespace-nowrap",
        TONES[tone],
      )}
    >
      {Icon !== undefined && <Icon className="size-3.5 shrink-0" aria-hidden />}
      {children}
    </span>
  );
}

/** Every state that a thing of Amps can be in, and how it is shown everywhere. */
const STATUSES = {
  delivered: ["good", CircleCheck, "Delivered"],
  success: ["good", CircleCheck, "Success"],
  healthy: ["good", CircleCheck, "Healthy"],
  completed: ["good", CircleCheck, "Completed"],
  finished: ["good", CircleCheck, "Finished"],
  waiting: ["plain", CircleDashed, "Waiting"],
  "in flight": ["accent", CircleDashed, "In flight"],
  retrying: ["warn", RotateCw, "Retrying"],
  "backing off": ["warn", RotateCw, "Backing off"],
  degraded: ["warn", CircleAlert, "Degraded"],
  scheduled: ["plain", CircleDashed, "Scheduled"],
  acknowledged: ["accent", CircleDashed, "Acknowledged"],
  running: ["accent", RotateCw, "Running"],
  parked: ["plain", CirclePause, "Parked"],
  paused: ["plain", CirclePause, "Paused"],
  disabled: ["bad", Ban, "Disabled"],
  failing: ["bad", CircleX, "Failing"],
  failed: ["bad", CircleX, "Failed"],
  exhausted: ["bad", CircleX, "Exhausted"],
  cancelled: ["plain", Ban, "Cancelled"],
  idle: ["plain", CircleDashed, "No events yet"],
} as const satisfies Record<string, readonly [BadgeTone, LucideIcon, string]>;

export type Status = keyof typeof STATUSES;

export function StatusBadge({ status, title }: { status: Status; title?: string }): ReactNode {
  const [tone, icon, word] = STATUSES[status];
  return (
    <Badge tone={tone} icon={icon} title={title}>
      {word}
    </Badge>
  );
}
