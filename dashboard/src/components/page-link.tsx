/** A link to a page of another section: its path is not among the routes that this one knows by type. */
import type { ReactNode } from "react";
import { Link } from "@tanstack/react-router";
import { cx } from "../lib/cx.ts";

export const LINK = "font-medium text-accent hover:underline underline-offset-2";

interface PageLinkProps {
  /** `/messages/msg_…`: below the dashboard, without a base. */
  to: string;
  className?: string;
  children: ReactNode;
}

export function PageLink({ to, className, children }: PageLinkProps): ReactNode {
  return (
    <Link to={to as "/"} className={cx(className ?? LINK)}>
      {children}
    </Link>
  );
}
