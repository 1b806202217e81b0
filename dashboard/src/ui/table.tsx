/** A plain table, dense, with the first column sticking where it must. Rows are focusable by `j`/`k`. */
import type { HTMLAttributes, ReactNode, TdHTMLAttributes, ThHTMLAttributes } from "react";
import { cx } from "../lib/cx.ts";

interface TableProps {
  /** What it lists, for who cannot see it. */
  label: string;
  children: ReactNode;
  className?: string;
}

export function Table({ label, children, className }: TableProps): ReactNode {
  return (
    <div
      className={cx(
        "relative overflow-x-auto rounded-xl border border-line bg-surface shadow-card",
        className,
      )}
    >
      <table className="w-full border-collapse text-left text-sm">
        <caption className="sr-only">{label}</caption>
        {children}
      </table>
    </div>
  );
}

export function TableHead({ children }: { children: ReactNode }): ReactNode {
  return (
    <thead className="border-b border-line text-xs text-muted">
      <tr>{children}</tr>
    </thead>
  );
}

export function Th({ className, ...rest }: ThHTMLAttributes<HTMLTableCellElement>): ReactNode {
  return (
    <th scope="col" {...rest} className={cx("h-9 px-4 font-medium whitespace-nowrap", className)} />
  );
}

export function Tr({ className, ...rest }: HTMLAttributes<HTMLTableRowElement>): ReactNode {
  return (
    <tr
      {...rest}
      className={cx(
        "border-b border-line last:border-0 hover:bg-hover focus-within:bg-hover",
        className,
      )}
    />
  );
}

export function Td({ className, ...rest }: TdHTMLAttributes<HTMLTableCellElement>): ReactNode {
  return <td {...rest} className={cx("h-11 px-4 py-1.5 align-middle", className)} />;
}
