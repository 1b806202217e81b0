/** A quantity of a push: a slider over what the battery can do, and the number to type. */
import type { ReactNode } from "react";
import { parameterMeans, parameterName } from "../../components/action-words.ts";
import { formatUnit } from "../../lib/quantity.ts";
import { Field } from "../../ui/field.tsx";
import { Input } from "../../ui/input.tsx";
import { doubtAbout, type Range } from "./push-draft.ts";

interface RangeFieldProps {
  name: string;
  command: string;
  range: Range;
  /** Empty: not sent. */
  text: string;
  onChange: (text: string) => void;
  /** What the server said. */
  error: string | undefined;
}

export function RangeField(props: RangeFieldProps): ReactNode {
  const { name, command, range, text, onChange, error } = props;
  const { min, max, units, default: preset } = range;
  const unit = formatUnit(units[0] ?? "");
  const doubt = doubtAbout(text, range);
  const means = parameterMeans(name, command);
  const rule = `${min} to ${max} ${unit}; ${preset} ${unit} unless given.`;
  return (
    <Field
      label={parameterName(name)}
      optional
      error={error ?? doubt}
      hint={means === undefined ? rule : `${means} ${rule}`}
    >
      {(control) => (
        <div className="flex items-center gap-4">
          <input
            type="range"
            aria-label={`${parameterName(name)}, slider`}
            min={min}
            max={max}
            step={units[0] === "percent" ? 1 : 0.1}
            value={text === "" ? preset : text}
            onChange={({ target }) => onChange(target.value)}
            className="h-5 min-w-0 flex-1 cursor-pointer accent-accent"
          />
          <span className="relative w-28 shrink-0">
            <Input
              {...control}
              inputMode="decimal"
              placeholder={String(preset)}
              value={text}
              onChange={({ target }) => onChange(target.value.replace(",", "."))}
              className="pr-9 text-right tabular-nums"
            />
            <span
              className="pointer-events-none absolute top-1.5 right-2.5 text-sm text-faint"
              aria-hidden
            >
              {unit}
            </span>
          </span>
        </div>
      )}
    </Field>
  );
}
