/** A checkbox with its words, which are pressed as well. */
import { type ReactNode, useId } from "react";
import { cx } from "../lib/cx.ts";
import { Checkbox } from "./input.tsx";

interface LabelledCheckboxProps {
  checked: boolean;
  onChange: (checked: boolean) => void;
  label: ReactNode;
  hint?: ReactNode;
  className?: string;
}

export function LabelledCheckbox(props: LabelledCheckboxProps): ReactNode {
  const { checked, onChange, label, hint, className } = props;
  const id = useId();
  return (
    <div className={cx("flex items-start gap-2.5 text-sm", className)}>
      <Checkbox
        id={id}
        checked={checked}
        onChange={({ target }) => onChange(target.checked)}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        className="mt-0.5"
      />
      <div>
        <label htmlFor={id}>{label}</label>
        {hint !== undefined && (
          <p id={`${id}-hint`} className="text-xs text-muted">
            {hint}
          </p>
        )}
      </div>
    </div>
  );
}
