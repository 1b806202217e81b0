/**
 * The two routes that all others hang on. What they look like is given in `app/router.tsx`, so that pages
 * can import them without importing the shell.
 */
import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  notFound,
  redirect,
  retainSearchParams,
} from "@tanstack/react-router";
import { ApiError } from "../api/api-error.ts";
import { callAs, type EnvironmentMode, isPortal } from "../api/caller.ts";
import { type Session, sessionQuery } from "../api/session.ts";

declare module "@tanstack/react-router" {
  interface StaticDataRouteOption {
    /** Shown in portals too. */
    portal?: boolean;
  }
}

interface PlaceSearch {
  /** Absent: sandbox. In every address, so that a link leads to what its sender saw. */
  env?: "live" | undefined;
  /** Absent: the environment's default application. */
  app?: string | undefined;
}

export const rootRoute = createRootRouteWithContext<{ queries: QueryClient }>()({
  validateSearch: (search: Record<string, unknown>): PlaceSearch => ({
    ...(search["env"] === "live" && { env: "live" as const }),
    ...(typeof search["app"] === "string" && { app: search["app"] }),
  }),
  search: { middlewares: [retainSearchParams(["env", "app"])] },
});

export interface Place {
  session: Session;
  environment: EnvironmentMode;
  appId: string;
}

async function openSession(queries: QueryClient, next: string): Promise<Session> {
  try {
    return await queries.ensureQueryData(sessionQuery);
  } catch (error) {
    if (!isPortal && error instanceof ApiError && error.status === 401) {
      throw redirect({ to: "/login", search: { next } });
    }
    throw error;
  }
}

let shown: string | undefined;

/** Everything but the login page. */
export const shellRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: "shell",
  beforeLoad: async ({ context, search, location, matches }): Promise<Place> => {
    // First: it takes a portal's token out of the address.
    const session = await openSession(context.queries, location.href);
    if (isPortal && matches.at(-1)?.staticData.portal !== true) throw notFound();
    const [first] = session.environments;
    const wanted = isPortal ? first?.mode : (search.env ?? "sandbox");
    const found = session.environments.find(({ mode }) => mode === wanted) ?? first;
    if (found === undefined) throw new Error("This session has no environment.");
    callAs({ environment: found.mode });
    // What was kept is the other environment's.
    if (shown !== undefined && shown !== found.mode) {
      context.queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== "session" });
    }
    shown = found.mode;
    return { session, environment: found.mode, appId: search.app ?? found.defaultApplicationId };
  },
});
