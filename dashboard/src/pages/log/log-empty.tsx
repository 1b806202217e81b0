/** Why there are no rows, and what to do. */
import type { ReactNode } from "react";
import { Link } from "@tanstack/react-router";
import { Inbox, SearchX } from "lucide-react";
import { isPortal } from "../../api/caller.ts";
import { useEndpointNames } from "../../components/endpoint-names.ts";
import { publishCommand } from "../../components/publish-command.ts";
import { formatFull } from "../../lib/format.ts";
import { usePlace } from "../../router/place.ts";
import { Button, buttonClass } from "../../ui/button.tsx";
import { CodeBlock } from "../../ui/code-block.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";

export function NothingMatches({ clear }: { clear: () => void }): ReactNode {
  return (
    <EmptyState
      icon={SearchX}
      title="Nothing matches"
      action={<Button onClick={clear}>Clear filters</Button>}
    >
      No delivery that is kept fits these filters.
    </EmptyState>
  );
}

export function NothingYet(): ReactNode {
  const { appId, environment } = usePlace();
  const { endpoints, isLoaded } = useEndpointNames();
  if (isLoaded && endpoints.length === 0) {
    return (
      <EmptyState
        icon={Inbox}
        title="No endpoint, so no delivery"
        action={
          <Link to="/endpoints/new" className={buttonClass("primary")}>
            Add endpoint
          </Link>
        }
      >
        A delivery is an event on its way to an endpoint. Say first where events go.
      </EmptyState>
    );
  }
  return (
    <EmptyState icon={Inbox} title="No delivery yet">
      <p>Every event shows here, once for each endpoint that takes it. This page is live.</p>
      {!isPortal && (
        <CodeBlock
          text={publishCommand(appId, environment)}
          label="the command"
          className="mt-4 text-left"
        />
      )}
    </EmptyState>
  );
}

interface SearchedBackProps {
  to: number | undefined;
  busy: boolean;
  onContinue: () => void;
}

/** A search that has found nothing for a while says how far it came, and goes on when it is told to. */
export function SearchedBack({ to, busy, onContinue }: SearchedBackProps): ReactNode {
  return (
    <div
      role="status"
      className="flex min-h-14 flex-wrap items-center justify-center gap-3 text-xs text-muted"
    >
      {to !== undefined && <span>Searched back to {formatFull(to)}; nothing more so far.</span>}
      <Button size="small" busy={busy} onClick={onContinue}>
        Continue
      </Button>
    </div>
  );
}
