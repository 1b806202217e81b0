/** A body that was sent or received: as a tree when it is JSON, and as it is. */
import { type ReactNode, useMemo, useState } from "react";
import { cx } from "../lib/cx.ts";
import { formatBytes } from "../lib/format.ts";
import { readJson } from "../lib/json-tree.ts";
import { CopyButton } from "./copy-button.tsx";
import { InertBlock } from "./inert-block.tsx";
import { JsonTree } from "./json-tree.tsx";

interface BodyViewProps {
  text: string;
  /** What it is: "the payload". */
  label: string;
  /** Said beside the size. */
  note?: ReactNode;
}

const VIEWS = ["pretty", "raw"] as const;
type View = (typeof VIEWS)[number];
const WORDS: Record<View, string> = { pretty: "Pretty", raw: "Raw" };

function ViewSwitch({ view, onChange }: { view: View; onChange: (view: View) => void }): ReactNode {
  return (
    <div
      role="group"
      aria-label="How it is shown"
      className="flex rounded-md border border-line bg-sunken p-0.5"
    >
      {VIEWS.map((one) => (
        <button
          key={one}
          type="button"
          aria-pressed={view === one}
          onClick={() => onChange(one)}
          className={cx(
            "h-5.5 rounded px-2 text-xs font-medium",
            view === one ? "bg-surface text-ink shadow-card" : "text-muted hover:text-ink",
          )}
        >
          {WORDS[one]}
        </button>
      ))}
    </div>
  );
}

export function BodyView({ text, label, note }: BodyViewProps): ReactNode {
  const root = useMemo(() => readJson(text), [text]);
  const [chosen, setChosen] = useState<View>("pretty");
  const isTree = root !== undefined && root.children.length > 0;
  const bytes = useMemo(() => new TextEncoder().encode(text).length, [text]);
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-3">
        <h3 className="text-sm font-medium">Body</h3>
        <span className="text-xs text-faint tabular-nums">
          {formatBytes(bytes)}
          {note}
        </span>
        <span className="ml-auto flex items-center gap-2">
          {isTree && <ViewSwitch view={chosen} onChange={setChosen} />}
          <CopyButton text={text} label="Copy" size="small" />
        </span>
      </div>
      {isTree && chosen === "pretty" ? (
        <JsonTree root={root} label={label} />
      ) : (
        <InertBlock text={text} label={label} />
      )}
    </div>
  );
}
