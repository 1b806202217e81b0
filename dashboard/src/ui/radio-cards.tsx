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
        <div
          key={choice.value}
          className={cx(
            "relative flex items-start gap-3 rounded-lg border p-3 text-sm",
            "has-focus-visible:outline-2 has-focus-visible:outline-accent",
            choice.value === value ? "border-accent bg-accent-soft" : "border-line hover:bg-hover",
          )}
        >
          <input
            type="radio"
            id={`${name}-${choice.value}`}
            name={name}
            checked={choice.value === value}
            onChange={() => onChange(choice.value)}
            aria-describedby={`${name}-${choice.value}-hint`}
            className="relative z-1 mt-0.5 size-4 shrink-0 accent-accent outline-none"
          />
          <div className="min-w-0">
            {/* The whole card is the label. */}
            <label
              htmlFor={`${name}-${choice.value}`}
              className="cursor-pointer font-medium after:absolute after:inset-0"
            >
              {choice.label}
            </label>
            <p id={`${name}-${choice.value}-hint`} className="text-muted">
              {choice.description}
            </p>
          </div>
        </div>
      ))}
    </fieldset>
  );
}
