/** One of a few, each with what it means. */
import { type ReactNode, useId } from "react";
import { cx } from "../lib/cx.ts";

interface RadioCardsProps<T extends string> {
  legend: string;
  value: T;
  onChange: (value: T) => void;
  choices: readonly { value: T; label: string; description: ReactNode }[];
}

export function RadioCards<T extends string>(props: RadioCardsProps<T>): ReactNode {
  const { legend, value, onChange, choices } = props;
  const name = useId();
  return (
    <fieldset className="flex flex-col gap-1.5">
      <legend className="mb-1.5 text-sm font-medium">{legend}</legend>
      {choices.map((choice) => (
        <label
          key={choice.value}
          className={cx(
            "flex cursor-pointer items-start gap-3 rounded-lg border p-3 text-sm",
            "has-focus-visible:outline-2 has-focus-visible:outline-accent",
            choice.value === value ? "border-accent bg-accent-soft" : "border-line hover:bg-hover",
          )}
        >
          <input
            type="radio"
            name={name}
            checked={choice.value === value}
            onChange={() => onChange(choice.value)}
            className="mt-0.5 size-4 shrink-0 accent-accent outline-none"
          />
          <span className="min-w-0">
            <span className="block font-medium">{choice.label}</span>
            <span className="block text-muted">{choice.description}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
