/** Holds the place of what is loading, so that nothing jumps when it comes. */
import type { ReactNode } from "react";
import { cx } from "../lib/cx.ts";

export function Skeleton({ className }: { className?: string }): ReactNode {
  return <span aria-hidden className={cx("skeleton-wave block rounded-md bg-line", className)} />;
}

export function SkeletonRows({ rows = 5, label }: { rows?: number; label: string }): ReactNode {
  return (
    <div role="status" className="rounded-xl border border-line bg-surface">
      <span className="sr-only">{label}</span>
      {Array.from({ length: rows }, (_, row) => (
        <div
          key={row}
          className="flex h-11 items-center gap-6 border-b border-line px-4 last:border-0"
        >
          <Skeleton className="h-3 w-1/4" />
          <Skeleton className="h-3 w-1/3" />
          <Skeleton className="ml-auto h-3 w-16" />
        </div>
      ))}
    </div>
  );
}
