/** What happened one after the other, and what is going on: a line with marks. */
import type { ReactNode } from "react";
import { Check, Circle, LoaderCircle, X } from "lucide-react";
import { cx } from "../lib/cx.ts";

export type StepState = "done" | "now" | "failed" | "later";

const MARKS = {
  done: { icon: Check, look: "border-transparent bg-good-soft text-good", word: "Done" },
  now: { icon: LoaderCircle, look: "border-transparent bg-accent-soft text-accent", word: "Now" },
  failed: { icon: X, look: "border-transparent bg-bad-soft text-bad", word: "Failed" },
  later: { icon: Circle, look: "border-line-strong bg-surface text-faint", word: "To come" },
} as const;

interface TimelineStepProps {
  state: StepState;
  title: ReactNode;
  /** At the right: when. */
  at?: ReactNode;
  children?: ReactNode;
}

export function TimelineStep({ state, title, at, children }: TimelineStepProps): ReactNode {
  const { icon: Icon, look, word } = MARKS[state];
  return (
    <li className="group relative flex gap-3.5 pb-6 last:pb-0">
      <span
        className="absolute top-6 bottom-0 left-[11.5px] w-px bg-line-strong group-last:hidden"
        aria-hidden
      />
      <span
        className={cx(
          "relative flex size-6 shrink-0 items-center justify-center rounded-full border",
          look,
        )}
      >
        <Icon
          className={cx(
            state === "later" ? "size-2" : "size-3.5",
            state === "now" && "animate-spin",
          )}
          aria-hidden
        />
        <span className="sr-only">{word}:</span>
      </span>
      <div className="min-w-0 flex-1">
        <div className="flex min-h-6 flex-wrap items-center justify-between gap-x-4">
          <span className={cx("text-sm font-medium", state === "later" && "text-faint")}>
            {title}
          </span>
          {at !== undefined && <span className="text-xs text-faint">{at}</span>}
        </div>
        {children !== undefined && <div className="mt-1 text-sm text-muted">{children}</div>}
      </div>
    </li>
  );
}

export function Timeline({ label, children }: { label: string; children: ReactNode }): ReactNode {
  return <ol aria-label={label}>{children}</ol>;
}
