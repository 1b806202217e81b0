import type { ReactNode } from "react";
import { isApple } from "../lib/shortcuts.ts";

/** Keys as they are on this machine's keyboard. */
export function Kbd({ keys }: { keys: string }): ReactNode {
  return (
    <span className="inline-flex gap-1">
      {keys
        .replace("mod+", isApple ? "⌘ " : "Ctrl ")
        .split(" ")
        .map((key) => (
          <kbd
            key={key}
            className="inline-flex h-5 min-w-5 items-center justify-center rounded border border-line-strong bg-sunken px-1 font-sans whitespace-nowrap text-2xs text-muted"
          >
            {key.length === 1 ? key.toUpperCase() : key}
          </kbd>
        ))}
    </span>
  );
}
