/** Text of strangers, however long and whatever is in it: shown as it is, a part at a time. */
import { type ReactNode, useState } from "react";
import { formatBytes } from "../lib/format.ts";
import { inertText, unseenCount } from "../lib/inert-text.ts";
import { Button } from "./button.tsx";

/** A line of a megabyte would hold the page up for seconds. */
const SHOWN_CHARACTERS = 32_768;
/** Parts are laid out on their own, and only when they come into view. */
const PART_CHARACTERS = 2_048;

function parts(text: string): string[] {
  const count = Math.ceil(text.length / PART_CHARACTERS);
  return Array.from({ length: count }, (_, at) =>
    text.slice(at * PART_CHARACTERS, (at + 1) * PART_CHARACTERS),
  );
}

export function InertBlock({ text, label }: { text: string; label: string }): ReactNode {
  const [shown, setShown] = useState(SHOWN_CHARACTERS);
  const visible = inertText(text.slice(0, shown));
  const unseen = unseenCount(text.slice(0, shown));
  return (
    <div className="flex flex-col gap-2">
      <pre
        role="region"
        aria-label={label}
        // Scrolls, so the keyboard must reach it.
        tabIndex={0}
        dir="ltr"
        className="max-h-120 overflow-auto rounded-lg border border-line bg-sunken p-3 font-mono text-xs leading-5 break-all whitespace-pre-wrap [unicode-bidi:plaintext]"
      >
        {parts(visible).map((part, at) => (
          // Parts are places in the text.
          // oxlint-disable-next-line react/no-array-index-key
          <span key={at}>{part}</span>
        ))}
      </pre>
      {(text.length > shown || unseen > 0) && (
        <div className="flex flex-wrap items-center gap-3 text-xs text-muted">
          {unseen > 0 && (
            <span>
              {unseen} control or invisible character{unseen === 1 ? " is" : "s are"} shown as
              signs.
            </span>
          )}
          {text.length > shown && (
            <>
              <span>
                The first {formatBytes(shown)} of {formatBytes(text.length)} are shown; copying
                takes all.
              </span>
              <Button size="small" onClick={() => setShown(shown * 4)}>
                Show more
              </Button>
            </>
          )}
        </div>
      )}
    </div>
  );
}
