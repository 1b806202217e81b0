/** Section: endpoints, log, issues, event types. */
import { createRoute, lazyRouteComponent, notFound } from "@tanstack/react-router";
import { BookOpen, CircleAlert, ScrollText, Webhook } from "lucide-react";
import { may } from "../api/caller.ts";
import { shellRoute } from "../router/root-route.ts";
import type { Section } from "../router/section.ts";
import { OpenIssues } from "../components/open-issues.tsx";
import { readEndpointSearch, readEndpointsSearch } from "./endpoints/endpoint-search.ts";
import { readEventTypesSearch } from "./event-types/event-type-search.ts";
import { readIssueSearch, readIssuesSearch } from "./issues/issue-search.ts";
import { readLogSearch } from "./log/log-search.ts";
import { readMessageSearch } from "./message/message-search.ts";

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
  beforeLoad: () => {
    if (!may("ManageEndpoint")) throw notFound();
  },
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

const issuesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "issues",
  staticData: { portal: true },
  validateSearch: readIssuesSearch,
  component: lazyRouteComponent(() => import("./issues/issues-page.tsx"), "IssuesPage"),
});

const issueRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "issues/$issueId",
  staticData: { portal: true },
  validateSearch: readIssueSearch,
  component: lazyRouteComponent(() => import("./issues/issue-page.tsx"), "IssuePage"),
});

const eventTypesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "event-types",
  staticData: { portal: true },
  validateSearch: readEventTypesSearch,
  component: lazyRouteComponent(
    () => import("./event-types/event-types-page.tsx"),
    "EventTypesPage",
  ),
});

const eventTypeRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "event-types/$eventType",
  staticData: { portal: true },
  component: lazyRouteComponent(() => import("./event-types/event-type-page.tsx"), "EventTypePage"),
});

const logRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "log",
  staticData: { portal: true },
  validateSearch: readLogSearch,
  component: lazyRouteComponent(() => import("./log/log-page.tsx"), "LogPage"),
});

const messageRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "messages/$messageId",
  staticData: { portal: true },
  validateSearch: readMessageSearch,
  component: lazyRouteComponent(() => import("./message/message-page.tsx"), "MessagePage"),
});

export const webhooksRoutes = [
  endpointsRoute,
  newEndpointRoute,
  endpointRoute,
  issuesRoute,
  issueRoute,
  eventTypesRoute,
  eventTypeRoute,
  logRoute,
  messageRoute,
] as const;

export const webhooks: Section = {
  title: "Webhooks",
  items: [
    { to: "/endpoints", label: "Endpoints", icon: Webhook, jump: "e", portal: true },
    { to: "/log", label: "Delivery log", icon: ScrollText, jump: "l", portal: true },
    {
      to: "/issues",
      label: "Issues",
      icon: CircleAlert,
      jump: "i",
      portal: true,
      badge: OpenIssues,
    },
    { to: "/event-types", label: "Event types", icon: BookOpen, jump: "t", portal: true },
  ],
  opens: [
    { prefix: "ep_", noun: "endpoint", pathOf: (id) => `/endpoints/${id}` },
    { prefix: "msg_", noun: "message", pathOf: (id) => `/messages/${id}` },
    { prefix: "iss_", noun: "issue", pathOf: (id) => `/issues/${id}` },
  ],
};
