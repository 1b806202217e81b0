/**
 * Every page there is, for `npm run screenshots` and for the tests that look at each of them. Whoever
 * adds a page adds it here.
 */
import type { Page } from "playwright-core";
import type { Story } from "./story/story.ts";

export interface ListedPage {
  /** Of docs/images/NAME-light.png, NAME-dark.png and NAME-narrow.png. */
  name: string;
  path: (story: Story) => string;
  /** What its title says. */
  title: string | RegExp;
  /** Not logged in. */
  stranger?: true;
  /** Resolves when the rest that matters is there; the title and the end of all waiting are looked for anyway. */
  ready?: (page: Page) => Promise<unknown>;
}

export const PAGES: readonly ListedPage[] = [
  { name: "login", path: () => "/dashboard/login", title: "Log in to Amps", stranger: true },
  { name: "overview", path: () => "/dashboard/", title: "Overview" },
  { name: "endpoints", path: () => "/dashboard/endpoints", title: "Endpoints" },
  { name: "endpoint-new", path: () => "/dashboard/endpoints/new", title: /endpoint/i },
  {
    name: "endpoint",
    path: ({ endpoints }) => `/dashboard/endpoints/${endpoints.billing}`,
    title: /billing/i,
  },
  { name: "issues", path: () => "/dashboard/issues", title: "Issues" },
  {
    name: "issue",
    path: ({ issueId }) => `/dashboard/issues/${issueId}`,
    title: /503 Service Unavailable/,
  },
  { name: "event-types", path: () => "/dashboard/event-types", title: "Event types" },
  {
    name: "event-type",
    path: () => "/dashboard/event-types/push.completed",
    title: "push.completed",
  },
  { name: "keys", path: () => "/dashboard/keys", title: "API keys" },
  { name: "system", path: () => "/dashboard/system", title: "System" },
  {
    name: "portal",
    path: ({ portalPath }) => portalPath,
    title: "Overview",
    stranger: true,
  },
  {
    name: "devices",
    path: () => "/dashboard/devices",
    title: "Devices",
    ready: (page) => page.getByRole("list", { name: "Devices" }).waitFor(),
  },
  {
    name: "device",
    path: ({ deviceId }) => `/dashboard/devices/${deviceId}`,
    title: /battery/i,
    ready: async (page) => {
      await page.locator("canvas").waitFor();
      await page.getByRole("table").waitFor();
    },
  },
  {
    name: "actions",
    path: () => "/dashboard/actions",
    title: "Actions",
    ready: (page) => page.getByRole("table", { name: "Actions" }).waitFor(),
  },
  {
    name: "action-new",
    path: () => "/dashboard/actions/new",
    title: "Push an action",
    ready: (page) => page.getByRole("button", { name: "Push", exact: true }).waitFor(),
  },
  {
    name: "action",
    path: ({ actionId }) => `/dashboard/actions/${actionId}`,
    title: /^(Charge|Discharge|Idle|Automatic)/,
    ready: (page) => page.getByRole("list", { name: "Deliveries" }).waitFor(),
  },
  {
    name: "log",
    path: () => "/dashboard/log",
    title: "Delivery log",
    ready: (page) => page.getByRole("table", { name: "Deliveries" }).waitFor(),
  },
  {
    name: "message",
    path: ({ failedMessageId }) => `/dashboard/messages/${failedMessageId}`,
    title: "push.completed",
    ready: (page) => page.getByRole("list", { name: "Attempts" }).waitFor(),
  },
  {
    name: "message-request",
    path: ({ failedMessageId }) => `/dashboard/messages/${failedMessageId}?tab=request`,
    title: "push.completed",
    ready: (page) => page.getByRole("region", { name: "the payload" }).waitFor(),
  },
];

/** Resolves when a page shows what it has: its title, and nothing that stands for something else. */
export async function untilShown(page: Page, { title, ready }: ListedPage): Promise<void> {
  await page.getByRole("heading", { level: 1, name: title }).waitFor();
  await page.locator(".skeleton-wave, [aria-busy=true]").first().waitFor({ state: "detached" });
  await ready?.(page);
  await page.evaluate("document.fonts.ready.then(() => undefined)");
}
