/** A control with its label, a hint and what is wrong with it. */
import { type ReactNode, useId } from "react";
import { CircleAlert } from "lucide-react";

export interface ControlProps {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": boolean | undefined;
}

interface FieldProps {
  label: ReactNode;
  hint?: ReactNode;
  error?: ReactNode;
  optional?: boolean;
  children: (control: ControlProps) => ReactNode;
}

const isThere = (node: ReactNode): boolean => node !== undefined && node !== null && node !== "";

export function Field({ label, hint, error, optional, children }: FieldProps): ReactNode {
  const id = useId();
  const wrong = isThere(error);
  const ids = [wrong && `${id}-error`, isThere(hint) && `${id}-hint`].filter(Boolean).join(" ");
  return (
    <div className="flex flex-col gap-1.5">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
        {optional === true && <span className="ml-1.5 font-normal text-faint">optional</span>}
      </label>
      {children({
        id,
        "aria-describedby": ids === "" ? undefined : ids,
        "aria-invalid": wrong || undefined,
      })}
      {wrong && (
        <p id={`${id}-error`} className="flex gap-1.5 text-xs text-bad">
          <CircleAlert className="mt-0.5 size-3.5 shrink-0" aria-hidden />
          <span>{error}</span>
        </p>
      )}
      {isThere(hint) && (
        <p id={`${id}-hint`} className="text-xs text-faint">
          {hint}
        </p>
      )}
    </div>
  );
}
