/** A sentence in which `code` is shown as such. */
import type { ReactNode } from "react";

export function WithCode({ text }: { text: string }): ReactNode {
  return text.split(/`([^`]+)`/).map((part, index) =>
    index % 2 === 0 ? (
      part
    ) : (
      // Parts of a sentence: their order is their identity.
      // oxlint-disable-next-line react/no-array-index-key
      <code key={index} className="font-mono text-[0.92em]">
        {part}
      </code>
    ),
  );
}
