/** The mark of Amps: a bolt in a cell. */
import type { ReactNode } from "react";

export function Mark({ className }: { className?: string }): ReactNode {
  return (
    <svg viewBox="0 0 32 32" className={className} aria-hidden>
      <rect width="32" height="32" rx="8" fill="#14201b" />
      <path d="M17.8 5 8 18h6.4l-1.2 9L23.4 13.4h-6.7L17.8 5Z" className="fill-volt" />
    </svg>
  );
}
