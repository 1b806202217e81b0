/** Section: API keys and system. */
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { KeyRound, Server } from "lucide-react";
import { shellRoute } from "../router/root-route.ts";
import type { Section } from "../router/section.ts";

const keysRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "keys",
  component: lazyRouteComponent(() => import("./keys/keys-page.tsx"), "KeysPage"),
});

const systemRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "system",
  component: lazyRouteComponent(() => import("./system/system-page.tsx"), "SystemPage"),
});

export const settingsRoutes = [keysRoute, systemRoute] as const;

export const settings: Section = {
  title: "Settings",
  items: [
    { to: "/keys", label: "API keys", icon: KeyRound, jump: "k" },
    { to: "/system", label: "System", icon: Server, jump: "s" },
  ],
  opens: [],
};
