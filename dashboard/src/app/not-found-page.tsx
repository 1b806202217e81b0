import type { ReactNode } from "react";
import { Link } from "@tanstack/react-router";
import { Unplug } from "lucide-react";
import { buttonClass } from "../ui/button.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { Page } from "../ui/page.tsx";

export function NotFoundPage(): ReactNode {
  return (
    <Page title="Nothing here">
      <EmptyState
        icon={Unplug}
        title="There is no such page"
        action={
          <Link to="/" className={buttonClass("primary")}>
            Go to the overview
          </Link>
        }
      >
        The address may be mistyped, or the page has moved.
      </EmptyState>
    </Page>
  );
}
