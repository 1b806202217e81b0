/** An action in a line: what was ordered, how it ended, when; leads to it. */
import type { ReactNode } from "react";
import { Link } from "@tanstack/react-router";
import type { ActionOut } from "../api/generated/paths.ts";
import { StatusBadge } from "../ui/badge.tsx";
import { RelativeTime } from "../ui/time.tsx";
import { orderInWords } from "./action-words.ts";

export function LastAction({ action }: { action: ActionOut }): ReactNode {
  return (
    <Link
      to="/actions/$actionId"
      params={{ actionId: action.id }}
      className="flex min-w-0 items-center gap-2 text-xs text-muted hover:text-ink"
    >
      <StatusBadge status={action.state} />
      <span className="truncate">{orderInWords(action)}</span>
      <span className="ml-auto text-faint">
        <RelativeTime at={action.createdAt} />
      </span>
    </Link>
  );
}
