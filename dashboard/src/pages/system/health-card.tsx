/** How this node is, part by part: the sentences are the server's, which knows what to do. */
import type { ReactNode } from "react";
import { CircleAlert, CircleCheck, CircleX, type LucideIcon } from "lucide-react";
import { cx } from "../../lib/cx.ts";
import { Badge, type BadgeTone } from "../../ui/badge.tsx";
import { Card } from "../../ui/card.tsx";

export interface Part {
  part: string;
  status: string;
  detail: string;
}

interface Look {
  tone: BadgeTone;
  icon: LucideIcon;
  word: string;
  ink: string;
}

const OK: Look = { tone: "good", icon: CircleCheck, word: "All is well", ink: "text-good" };
const LOOKS: Record<string, Look> = {
  ok: OK,
  warning: { tone: "warn", icon: CircleAlert, word: "Worth a look", ink: "text-warn" },
  error: { tone: "bad", icon: CircleX, word: "Something is wrong", ink: "text-bad" },
};
const WORDS: Record<string, string> = { ok: "well", warning: "worth a look", error: "unwell" };

const NAMES: Record<string, string> = {
  database: "Database",
  clock: "Clock",
  node: "Node",
  engine: "Deliveries",
  batteries: "Batteries",
  memory: "Memory",
  disk: "Disk",
};

export function HealthBadge({ status }: { status: string }): ReactNode {
  const { tone, icon, word } = LOOKS[status] ?? OK;
  return (
    <Badge tone={tone} icon={icon}>
      {word}
    </Badge>
  );
}

/** What is unwell comes first. */
const ORDER = ["error", "warning", "ok"];

export function HealthCard({ parts }: { parts: readonly Part[] }): ReactNode {
  const sorted = parts.toSorted((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
  return (
    <Card title="Health" description="Of the node that answers this page.">
      <ul className="-my-2 divide-y divide-line">
        {sorted.map(({ part, status, detail }) => {
          const { icon: Icon, ink } = LOOKS[status] ?? OK;
          return (
            <li key={part} className="flex items-start gap-3 py-2 text-sm">
              <Icon className={cx("mt-0.5 size-4 shrink-0", ink)} aria-hidden />
              <span className="w-24 shrink-0 font-medium">
                {NAMES[part] ?? part}
                <span className="sr-only"> is {WORDS[status] ?? status}.</span>
              </span>
              <span className={cx("min-w-0", status === "ok" ? "text-muted" : "text-ink")}>
                {detail}
              </span>
            </li>
          );
        })}
      </ul>
    </Card>
  );
}
