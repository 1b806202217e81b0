/** Pages that stand without the shell around them: there is no session yet, or no such address. */
import type { ReactNode } from "react";
import type { ErrorComponentProps } from "@tanstack/react-router";
import { NotFoundPage } from "./not-found-page.tsx";
import { PageFailed } from "./page-failed.tsx";

export function NotFoundAlone(): ReactNode {
  return (
    <main>
      <NotFoundPage />
    </main>
  );
}

export function FailedAlone(props: ErrorComponentProps): ReactNode {
  return (
    <main>
      <PageFailed {...props} />
    </main>
  );
}
