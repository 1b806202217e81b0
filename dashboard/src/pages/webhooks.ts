/** Section: endpoints, log, issues, event types. */
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { Webhook } from "lucide-react";
import { shellRoute } from "../router/root-route.ts";
import type { Section } from "../router/section.ts";
import { readEndpointSearch, readEndpointsSearch } from "./endpoints/endpoint-search.ts";

const endpointsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "endpoints",
  staticData: { portal: true },
  validateSearch: readEndpointsSearch,
  component: lazyRouteComponent(() => import("./endpoints/endpoints-page.tsx"), "EndpointsPage"),
});

const newEndpointRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "endpoints/new",
  staticData: { portal: true },
  component: lazyRouteComponent(
    () => import("./endpoints/new-endpoint-page.tsx"),
    "NewEndpointPage",
  ),
});

const endpointRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "endpoints/$endpointId",
  staticData: { portal: true },
  validateSearch: readEndpointSearch,
  component: lazyRouteComponent(() => import("./endpoints/endpoint-page.tsx"), "EndpointPage"),
});

export const webhooksRoutes = [endpointsRoute, newEndpointRoute, endpointRoute] as const;

export const webhooks: Section = {
  title: "Webhooks",
  items: [{ to: "/endpoints", label: "Endpoints", icon: Webhook, jump: "e", portal: true }],
  opens: [{ prefix: "ep_", noun: "endpoint", pathOf: (id) => `/endpoints/${id}` }],
};
