/** A link to the page of an action. */
import type { ReactNode } from "react";
import { Link } from "@tanstack/react-router";

export function ActionLink({
  actionId,
  children,
}: {
  actionId: string;
  children: ReactNode;
}): ReactNode {
  // The page of actions is another section's: the router may not know its path.
  const to = `/actions/${actionId}` as "/";
  return (
    <Link to={to} className="inline-flex max-w-full items-center gap-1 text-accent hover:underline">
      {children}
    </Link>
  );
}
