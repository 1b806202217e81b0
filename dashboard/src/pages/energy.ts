/** Section: actions and devices. */
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { BatteryCharging, Zap } from "lucide-react";
import { shellRoute } from "../router/root-route.ts";
import type { Section } from "../router/section.ts";
import { readActionsSearch, readNewActionSearch } from "./actions/action-search.ts";

const devicesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "devices",
  component: lazyRouteComponent(() => import("./devices/devices-page.tsx"), "DevicesPage"),
});

const deviceRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "devices/$deviceId",
  component: lazyRouteComponent(() => import("./devices/device-page.tsx"), "DevicePage"),
});

const actionsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "actions",
  validateSearch: readActionsSearch,
  component: lazyRouteComponent(() => import("./actions/actions-page.tsx"), "ActionsPage"),
});

const newActionRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "actions/new",
  validateSearch: readNewActionSearch,
  component: lazyRouteComponent(() => import("./actions/new-action-page.tsx"), "NewActionPage"),
});

const actionRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "actions/$actionId",
  component: lazyRouteComponent(() => import("./actions/action-page.tsx"), "ActionPage"),
});

export const energyRoutes = [
  devicesRoute,
  deviceRoute,
  actionsRoute,
  newActionRoute,
  actionRoute,
] as const;

export const energy: Section = {
  title: "Energy",
  items: [
    { to: "/devices", label: "Devices", icon: BatteryCharging, jump: "d" },
    { to: "/actions", label: "Actions", icon: Zap, jump: "a" },
  ],
  opens: [
    { prefix: "dev_", noun: "device", pathOf: (id) => `/devices/${id}` },
    { prefix: "act_", noun: "action", pathOf: (id) => `/actions/${id}` },
  ],
};
