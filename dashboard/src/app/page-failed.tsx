/** What is shown when a page throws: what happened, and what to do. */
import type { ReactNode } from "react";
import { type ErrorComponentProps, useRouter } from "@tanstack/react-router";
import { inWords } from "../api/api-error.ts";
import { Button } from "../ui/button.tsx";
import { Notice } from "../ui/notice.tsx";
import { Page } from "../ui/page.tsx";

export function PageFailed({ error, reset }: ErrorComponentProps): ReactNode {
  const router = useRouter();
  const { title, detail, advice } = inWords(error);
  const retry = (): void => {
    reset();
    void router.invalidate();
  };
  return (
    <Page title={title}>
      <Notice tone="bad" title={detail} actions={<Button onClick={retry}>Try again</Button>}>
        {advice}
      </Notice>
    </Page>
  );
}
