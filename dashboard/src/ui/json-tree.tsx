/** JSON to look through: folded, searched, paths copied. What is written is shown as it is written. */
import { type ReactNode, useState } from "react";
import { ChevronRight } from "lucide-react";
import { copyText } from "../lib/copy.ts";
import { cx } from "../lib/cx.ts";
import { inertText } from "../lib/inert-text.ts";
import { findInJson, type JsonNode } from "../lib/json-tree.ts";
import { toast } from "../lib/toasts.ts";
import { SearchInput } from "./input.tsx";

/** Of one object or array at a time. */
const CHILDREN_SHOWN = 100;
const FOUND_MAX = 500;
/** Deeper ones are folded at first, and all of what is large. */
const OPEN_DEPTH = 3;
const OPEN_CHILDREN_MAX = 50;
const VALUE_CHARACTERS = 2_000;

const INKS: Record<JsonNode["kind"], string> = {
  object: "text-faint",
  array: "text-faint",
  string: "text-good",
  number: "text-live",
  word: "text-accent",
};

interface NodeProps {
  node: JsonNode;
  depth: number;
  /** Found by the search. */
  found: ReadonlySet<JsonNode>;
  /** On the way to what was found. */
  onTheWay: ReadonlySet<JsonNode>;
}

async function copyPath(path: string): Promise<void> {
  if (await copyText(path)) toast({ tone: "plain", title: "Path copied", detail: path });
}

function Key({ node }: { node: JsonNode }): ReactNode {
  if (node.key === undefined) return null;
  return (
    <button
      type="button"
      title={`Copy ${node.path}`}
      onClick={() => void copyPath(node.path)}
      className="text-muted hover:text-ink hover:underline"
    >
      {typeof node.key === "number" ? node.key : inertText(node.key)}
      <span className="text-faint">:</span>
    </button>
  );
}

function Scalar({ node }: { node: JsonNode }): ReactNode {
  const isCut = node.text.length > VALUE_CHARACTERS;
  return (
    <span className={cx("break-all whitespace-pre-wrap", INKS[node.kind])}>
      {inertText(isCut ? node.text.slice(0, VALUE_CHARACTERS) : node.text)}
      {isCut && <span className="text-faint"> … {node.text.length} characters, see Raw</span>}
    </span>
  );
}

function Branch({ node, depth, found, onTheWay }: NodeProps): ReactNode {
  const count = node.children.length;
  const [choice, setChoice] = useState<boolean>();
  const [shown, setShown] = useState(CHILDREN_SHOWN);
  const open = onTheWay.has(node) || (choice ?? (depth < OPEN_DEPTH && count <= OPEN_CHILDREN_MAX));
  const [left, right] = node.kind === "object" ? "{}" : "[]";
  return (
    <>
      <span className="inline-flex items-baseline gap-1">
        <button
          type="button"
          aria-expanded={open}
          aria-label={open ? `Fold ${node.path}` : `Unfold ${node.path}`}
          disabled={count === 0}
          onClick={() => setChoice(!open)}
          className="-ml-4 inline-flex size-4 items-center justify-center self-center text-faint hover:text-ink disabled:invisible"
        >
          <ChevronRight className={cx("size-3", open && "rotate-90")} aria-hidden />
        </button>
        <Key node={node} />
        <span className="text-faint">
          {count === 0 ? `${left}${right}` : open ? left : `${left} ${count} ${right}`}
        </span>
      </span>
      {open && count > 0 && (
        <>
          <ul className="border-l border-line pl-5">
            {node.children.slice(0, shown).map((child) => (
              <TreeNode key={child.path} {...{ node: child, depth: depth + 1, found, onTheWay }} />
            ))}
            {count > shown && (
              <li>
                <button
                  type="button"
                  className="text-accent hover:underline"
                  onClick={() => setShown(shown + CHILDREN_SHOWN)}
                >
                  {count - shown} more
                </button>
              </li>
            )}
          </ul>
          <span className="text-faint">{right}</span>
        </>
      )}
    </>
  );
}

function TreeNode(props: NodeProps): ReactNode {
  const { node, found } = props;
  const isBranch = node.kind === "object" || node.kind === "array";
  return (
    <li className={cx("pl-0.5", found.has(node) && "rounded bg-warn-soft")}>
      {isBranch ? (
        <Branch {...props} />
      ) : (
        <>
          <Key node={node} /> <Scalar node={node} />
        </>
      )}
    </li>
  );
}

/** The ancestors of what was found. */
function waysTo(root: JsonNode, found: ReadonlySet<JsonNode>): Set<JsonNode> {
  const ways = new Set<JsonNode>();
  const visit = (node: JsonNode): boolean => {
    let leads = found.has(node);
    for (const child of node.children) if (visit(child)) leads = true;
    if (leads) ways.add(node);
    return leads;
  };
  if (found.size > 0) visit(root);
  return ways;
}

export function JsonTree({ root, label }: { root: JsonNode; label: string }): ReactNode {
  const [words, setWords] = useState("");
  const found = new Set(findInJson(root, words, FOUND_MAX));
  const onTheWay = waysTo(root, found);
  return (
    <div className="flex flex-col gap-2">
      <div className="flex items-center gap-3">
        <SearchInput
          label={`Search ${label}`}
          value={words}
          onChange={({ target }) => setWords(target.value)}
          className="w-56 max-w-full"
        />
        {words !== "" && (
          <span className="text-xs text-muted tabular-nums" role="status">
            {found.size === FOUND_MAX ? `${FOUND_MAX} or more` : found.size} found
          </span>
        )}
      </div>
      <div
        role="region"
        aria-label={label}
        // Scrolls, so the keyboard must reach it.
        tabIndex={0}
        className="max-h-120 overflow-auto rounded-lg border border-line bg-sunken p-3 pl-6 font-mono text-xs leading-5"
      >
        <ul>
          <TreeNode node={root} depth={0} found={found} onTheWay={onTheWay} />
        </ul>
      </div>
    </div>
  );
}
