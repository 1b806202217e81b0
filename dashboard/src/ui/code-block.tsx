/** Text as it is: never interpreted, whatever a receiver has answered. */
import type { ReactNode } from "react";
import { cx } from "../lib/cx.ts";
import { CopyIconButton } from "./copy-button.tsx";

interface CodeBlockProps {
  text: string;
  /** What it is, for the copy button and for who cannot see it: "the payload". */
  label: string;
  /** Copied instead of the shown text, such as one with the secret in it. */
  copy?: string | undefined;
  wrap?: boolean;
  className?: string;
}

export function CodeBlock({
  text,
  label,
  copy,
  wrap = false,
  className,
}: CodeBlockProps): ReactNode {
  return (
    <div className={cx("relative rounded-lg border border-line bg-sunken", className)}>
      <div className="absolute top-1.5 right-1.5 rounded-md bg-sunken">
        <CopyIconButton text={copy ?? text} label={`Copy ${label}`} />
      </div>
      <pre
        role="region"
        aria-label={label}
        // Scrolls sideways, so the keyboard must reach it.
        tabIndex={0}
        className={cx(
          "max-h-96 overflow-auto rounded-lg p-3 pr-10 font-mono text-xs leading-5",
          wrap ? "whitespace-pre-wrap" : "whitespace-pre",
        )}
      >
        <code>{text}</code>
      </pre>
    </div>
  );
}
