/** In the place of a portal that cannot be shown: what happened, and what to do. */
import { type ReactNode, useEffect } from "react";
import { Clock, Link2Off } from "lucide-react";
import type { PortalEnd } from "../api/portal-access.ts";
import { EmptyState } from "../ui/empty-state.tsx";

export function PortalEnded({ end }: { end: PortalEnd }): ReactNode {
  useEffect(() => {
    document.title = "Webhooks";
  }, []);
  return (
    <main className="flex min-h-dvh items-center justify-center p-6">
      <h1 className="sr-only">Webhooks</h1>
      <div className="w-full max-w-lg">
        {end === "ended" ? (
          <EmptyState icon={Clock} title="This link has expired">
            Links to this page last for a while only. Go back to where you came from and open it
            again; what you have set up is all still there, and events are sent as before.
          </EmptyState>
        ) : (
          <EmptyState icon={Link2Off} title="This page is opened by a link">
            Open your webhooks from your provider's own pages: they make a link that is meant for
            you. An address that was copied or kept does not open them.
          </EmptyState>
        )}
      </div>
    </main>
  );
}
