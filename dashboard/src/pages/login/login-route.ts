import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../router/root-route.ts";

/** Only a path of this site: a link must not log people in to somewhere else. */
function ownPath(next: unknown): string | undefined {
  if (typeof next !== "string" || !next.startsWith("/")) return undefined;
  // Read as the browser would, which skips tabs and takes backslashes for slashes.
  const url = URL.parse(next, location.origin);
  return url?.origin === location.origin ? url.pathname + url.search + url.hash : undefined;
}

export const loginRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "login",
  // Said outright: a field that is left out keeps what the address says.
  validateSearch: (search: Record<string, unknown>): { next?: string | undefined } => ({
    next: ownPath(search["next"]),
  }),
  component: lazyRouteComponent(() => import("./login-page.tsx"), "LoginPage"),
});
