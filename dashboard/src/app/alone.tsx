/** Pages that stand without the shell around them: there is no session yet, or no such address. */
import type { ReactNode } from "react";
import type { ErrorComponentProps } from "@tanstack/react-router";
import { portalEnd } from "../api/portal-access.ts";
import { useStore } from "../lib/store.ts";
import { NotFoundPage } from "./not-found-page.tsx";
import { PageFailed } from "./page-failed.tsx";
import { PortalEnded } from "./portal-ended.tsx";

export function NotFoundAlone(): ReactNode {
  return (
    <main>
      <NotFoundPage />
    </main>
  );
}

export function FailedAlone(props: ErrorComponentProps): ReactNode {
  const end = useStore(portalEnd);
  if (end !== undefined) return <PortalEnded end={end} />;
  return (
    <main>
      <PageFailed {...props} />
    </main>
  );
}
