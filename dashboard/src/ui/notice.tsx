/** Something to know about this page, in place. */
import type { ReactNode } from "react";
import { CircleAlert, Info, TriangleAlert } from "lucide-react";
import { cx } from "../lib/cx.ts";

const TONES = {
  plain: ["border-line bg-surface", "text-muted", Info],
  warn: ["border-warn/30 bg-warn-soft", "text-warn", TriangleAlert],
  bad: ["border-bad/30 bg-bad-soft", "text-bad", CircleAlert],
} as const;

interface NoticeProps {
  tone?: keyof typeof TONES;
  title: ReactNode;
  children?: ReactNode;
  actions?: ReactNode;
}

export function Notice({ tone = "plain", title, children, actions }: NoticeProps): ReactNode {
  const [box, ink, Icon] = TONES[tone];
  return (
    <div
      role={tone === "bad" ? "alert" : undefined}
      className={cx(
        "flex flex-wrap items-start gap-x-4 gap-y-3 rounded-xl border p-4 text-sm",
        box,
      )}
    >
      <Icon className={cx("mt-0.5 size-4 shrink-0", ink)} aria-hidden />
      <div className="min-w-48 flex-1">
        <p className="font-medium">{title}</p>
        {children !== undefined && <div className="mt-0.5 text-muted">{children}</div>}
      </div>
      {actions !== undefined && <div className="flex flex-wrap gap-2">{actions}</div>}
    </div>
  );
}
