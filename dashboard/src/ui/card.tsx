import type { ReactNode } from "react";
import { cx } from "../lib/cx.ts";

interface CardProps {
  title?: ReactNode;
  description?: ReactNode;
  /** Beside the title. */
  actions?: ReactNode;
  children?: ReactNode;
  className?: string;
}

export function Card({ title, description, actions, children, className }: CardProps): ReactNode {
  return (
    <section className={cx("rounded-xl border border-line bg-surface shadow-card", className)}>
      {title !== undefined && (
        <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2 px-5 pt-4">
          <div className="min-w-0">
            <h2 className="text-base font-semibold">{title}</h2>
            {description !== undefined && (
              <p className="mt-0.5 text-sm text-muted">{description}</p>
            )}
          </div>
          {actions !== undefined && <div className="flex flex-wrap gap-2">{actions}</div>}
        </div>
      )}
      {children !== undefined && <div className="p-5">{children}</div>}
    </section>
  );
}

/** A figure with its name: the top of overviews. */
export function Figure({
  label,
  value,
  hint,
}: {
  label: string;
  value: ReactNode;
  hint?: ReactNode;
}): ReactNode {
  return (
    <div className="min-w-0 bg-surface px-5 py-4">
      <dt className="text-xs text-muted">{label}</dt>
      <dd className="mt-1 truncate text-xl font-semibold tracking-tight tabular-nums">{value}</dd>
      {hint !== undefined && <dd className="mt-0.5 text-xs text-faint">{hint}</dd>}
    </div>
  );
}

export function Figures({ children }: { children: ReactNode }): ReactNode {
  return (
    <dl className="grid grid-cols-2 gap-px overflow-hidden rounded-xl border border-line bg-line shadow-card max-sm:[&>:last-child:nth-child(odd)]:col-span-2 sm:grid-cols-[repeat(auto-fit,minmax(9rem,1fr))]">
      {children}
    </dl>
  );
}

/** Names and values, one a line. */
export function Facts({ rows }: { rows: readonly (readonly [string, ReactNode])[] }): ReactNode {
  return (
    <dl className="grid grid-cols-[minmax(5.5rem,auto)_1fr] items-center gap-x-6 text-sm">
      {rows.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="flex min-h-8 items-center text-muted">{name}</dt>
          <dd className="min-w-0 py-1">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
