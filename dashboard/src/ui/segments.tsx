/** One of a few, side by side: radio buttons that look like a switch. */
import type { ReactNode } from "react";
import { cx } from "../lib/cx.ts";

interface SegmentsProps<T extends string> {
  /** Of the group of radio buttons. */
  name: string;
  label: string;
  options: readonly (readonly [value: T, label: string])[];
  value: T;
  onChange: (value: T) => void;
}

export function Segments<T extends string>(props: SegmentsProps<T>): ReactNode {
  const { name, label, options, value: chosen, onChange } = props;
  return (
    <div
      role="radiogroup"
      aria-label={label}
      className="flex rounded-lg border border-line bg-sunken p-0.5"
    >
      {options.map(([value, text]) => (
        <label
          key={value}
          className={cx(
            "flex h-7 flex-1 cursor-pointer items-center justify-center rounded-md text-xs font-medium",
            "has-focus-visible:outline-2 has-focus-visible:outline-accent",
            value === chosen ? "bg-surface text-ink shadow-card" : "text-muted hover:text-ink",
          )}
        >
          <input
            type="radio"
            name={name}
            value={value}
            checked={value === chosen}
            onChange={() => onChange(value)}
            className="sr-only"
          />
          {text}
        </label>
      ))}
    </div>
  );
}
