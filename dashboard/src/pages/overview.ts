/** Section: the first page. */
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { Gauge } from "lucide-react";
import { shellRoute } from "../router/root-route.ts";
import type { Section } from "../router/section.ts";

const homeRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/",
  staticData: { portal: true },
  component: lazyRouteComponent(() => import("./home/home-page.tsx"), "HomePage"),
});

export const overviewRoutes = [homeRoute] as const;

export const overview: Section = {
  title: undefined,
  items: [{ to: "/", label: "Overview", icon: Gauge, jump: "o", portal: true }],
  opens: [],
};
