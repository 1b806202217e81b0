/** The map of the dashboard. Pages are added in `pages/<section>.ts`. */
import type { QueryClient } from "@tanstack/react-query";
import { createRoute, createRouter, type RouterHistory } from "@tanstack/react-router";
import { BASE_PATH } from "../api/caller.ts";
import { energyRoutes } from "../pages/energy.ts";
import { loginRoute } from "../pages/login/login-route.ts";
import { overviewRoutes } from "../pages/overview.ts";
import { settingsRoutes } from "../pages/settings.ts";
import { webhooksRoutes } from "../pages/webhooks.ts";
import { rootRoute, shellRoute } from "../router/root-route.ts";
import { FailedAlone, NotFoundAlone } from "./alone.tsx";
import { NotFoundPage } from "./not-found-page.tsx";
import { PageFailed } from "./page-failed.tsx";
import { Shell } from "./shell.tsx";

const alone = { errorComponent: FailedAlone, notFoundComponent: NotFoundAlone };
rootRoute.update(alone);
shellRoute.update({ ...alone, component: Shell });

/** What nothing else takes, within the frame: the way on is at hand. */
const elsewhereRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "$",
  staticData: { portal: true },
  component: NotFoundPage,
});

const routeTree = rootRoute.addChildren([
  loginRoute,
  shellRoute.addChildren([
    ...overviewRoutes,
    ...webhooksRoutes,
    ...energyRoutes,
    ...settingsRoutes,
    elsewhereRoute,
  ]),
]);

function makeRouter(queries: QueryClient, history?: RouterHistory) {
  return createRouter({
    routeTree,
    basepath: BASE_PATH,
    context: { queries },
    defaultPreload: "intent",
    // Kept answers are the query cache's business.
    defaultPreloadStaleTime: 0,
    defaultErrorComponent: PageFailed,
    defaultNotFoundComponent: NotFoundPage,
    scrollRestoration: true,
    ...(history !== undefined && { history }),
  });
}

export type AppRouter = ReturnType<typeof makeRouter>;

export const createAppRouter: (queries: QueryClient) => AppRouter = makeRouter;

declare module "@tanstack/react-router" {
  interface Register {
    router: AppRouter;
  }
}
