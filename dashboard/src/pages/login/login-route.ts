import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../router/root-route.ts";

export const loginRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "login",
  validateSearch: (search: Record<string, unknown>): { next?: string } => ({
    // Only a path of this site: a link must not log people in to somewhere else.
    ...(typeof search["next"] === "string" &&
      /^\/(?![/\\])/.test(search["next"]) && { next: search["next"] }),
  }),
  component: lazyRouteComponent(() => import("./login-page.tsx"), "LoginPage"),
});
