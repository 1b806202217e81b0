/** The state of an issue, and whether it has come back. */
import type { ReactNode } from "react";
import { CircleAlert, CircleCheck, Eye, History } from "lucide-react";
import type { IssueOut } from "../api/generated/paths.ts";
import { Badge } from "../ui/badge.tsx";

export function IssueStateBadge({ state }: Pick<IssueOut, "state">): ReactNode {
  if (state === "open") {
    return (
      <Badge tone="bad" icon={CircleAlert}>
        Open
      </Badge>
    );
  }
  if (state === "acknowledged") {
    return (
      <Badge tone="accent" icon={Eye} title="Somebody knows; it stays so while it goes on.">
        Acknowledged
      </Badge>
    );
  }
  return (
    <Badge tone="good" icon={CircleCheck} title="It opens again when it comes back.">
      Resolved
    </Badge>
  );
}

export function ReopenedBadge({ reopened }: Pick<IssueOut, "reopened">): ReactNode {
  if (reopened === 0) return null;
  return (
    <Badge tone="warn" icon={History} title="It was resolved, and came back.">
      Reopened{reopened > 1 && ` ${reopened} times`}
    </Badge>
  );
}
