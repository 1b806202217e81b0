import type {
  InputHTMLAttributes,
  ReactNode,
  Ref,
  SelectHTMLAttributes,
  TextareaHTMLAttributes,
} from "react";
import { ChevronDown, Search } from "lucide-react";
import { cx } from "../lib/cx.ts";

const CONTROL =
  "w-full rounded-lg border border-line-strong bg-surface text-sm text-ink shadow-card " +
  "aria-invalid:border-bad disabled:opacity-60 focus-visible:outline-offset-0";

export function Input({
  className,
  ...rest
}: InputHTMLAttributes<HTMLInputElement> & { ref?: Ref<HTMLInputElement> }): ReactNode {
  return (
    <input
      spellCheck={false}
      autoComplete="off"
      {...rest}
      className={cx(CONTROL, "h-8 px-2.5", className)}
    />
  );
}

export function Textarea({
  className,
  ...rest
}: TextareaHTMLAttributes<HTMLTextAreaElement> & { ref?: Ref<HTMLTextAreaElement> }): ReactNode {
  return (
    <textarea spellCheck={false} {...rest} className={cx(CONTROL, "px-2.5 py-1.5", className)} />
  );
}

/** The system's own list: it works with any keyboard and on any screen. */
export function Select({
  className,
  children,
  ...rest
}: SelectHTMLAttributes<HTMLSelectElement>): ReactNode {
  return (
    <span className={cx("relative inline-flex", className)}>
      <select {...rest} className={cx(CONTROL, "h-8 appearance-none truncate pr-8 pl-2.5")}>
        {children}
      </select>
      <ChevronDown
        className="pointer-events-none absolute top-2 right-2 size-4 text-faint"
        aria-hidden
      />
    </span>
  );
}

/** A search field; give it `data-search` to be what `/` focuses. */
export function SearchInput({
  className,
  label,
  ...rest
}: InputHTMLAttributes<HTMLInputElement> & { label: string }): ReactNode {
  return (
    <span className={cx("relative inline-flex", className)}>
      <Search
        className="pointer-events-none absolute top-2 left-2.5 size-4 text-faint"
        aria-hidden
      />
      <Input
        type="search"
        aria-label={label}
        placeholder={label}
        data-search
        {...rest}
        className="pl-8"
      />
    </span>
  );
}

export function Checkbox({
  className,
  ...rest
}: InputHTMLAttributes<HTMLInputElement> & { ref?: Ref<HTMLInputElement> }): ReactNode {
  return (
    <input type="checkbox" {...rest} className={cx("size-4 shrink-0 accent-accent", className)} />
  );
}
