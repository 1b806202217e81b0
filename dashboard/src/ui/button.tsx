import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";
import { LoaderCircle } from "lucide-react";
import { cx } from "../lib/cx.ts";

export type ButtonTone = "primary" | "plain" | "danger" | "quiet";
export type ButtonSize = "small" | "medium";

const TONES: Record<ButtonTone, string> = {
  primary: "bg-accent text-on-accent hover:bg-accent-hover border-transparent shadow-card",
  plain: "bg-surface text-ink border-line-strong hover:bg-hover shadow-card",
  danger: "bg-surface text-bad border-line-strong hover:bg-bad-soft hover:border-bad shadow-card",
  quiet: "bg-transparent text-muted border-transparent hover:bg-hover hover:text-ink",
};
const SIZES: Record<ButtonSize, string> = {
  small: "h-7 px-2.5 text-xs gap-1.5 rounded-md",
  medium: "h-8 px-3 text-sm gap-2 rounded-lg",
};

/** The look of a button, for links that act as one. */
export function buttonClass(tone: ButtonTone = "plain", size: ButtonSize = "medium"): string {
  return cx(
    "inline-flex shrink-0 items-center justify-center border font-medium whitespace-nowrap select-none",
    "transition-colors duration-100 disabled:opacity-55 disabled:pointer-events-none",
    TONES[tone],
    SIZES[size],
  );
}

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  tone?: ButtonTone | undefined;
  size?: ButtonSize | undefined;
  icon?: ReactNode;
  /** Works: the button keeps its width and takes no second press. */
  busy?: boolean | undefined;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({
  tone,
  size,
  icon,
  busy = false,
  children,
  ...rest
}: ButtonProps): ReactNode {
  return (
    <button
      type="button"
      {...rest}
      disabled={rest.disabled === true || busy}
      aria-busy={busy || undefined}
      className={cx(buttonClass(tone, size), rest.className)}
    >
      {busy ? <LoaderCircle className="size-3.5 animate-spin" aria-hidden /> : icon}
      {children}
    </button>
  );
}

interface IconButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** What it does: read out, and shown on hover. */
  label: string;
  ref?: Ref<HTMLButtonElement>;
}

export function IconButton({ label, children, className, ...rest }: IconButtonProps): ReactNode {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      {...rest}
      className={cx(
        "inline-flex size-7 shrink-0 items-center justify-center rounded-md text-muted",
        "hover:bg-hover hover:text-ink disabled:opacity-50 disabled:pointer-events-none [&_svg]:size-4",
        className,
      )}
    >
      {children}
    </button>
  );
}
