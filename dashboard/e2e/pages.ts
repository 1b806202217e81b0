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
  /** Resolves when everything that matters is there. */
  ready: (page: Page) => Promise<unknown>;
}

export const PAGES: readonly ListedPage[] = [
  {
    name: "landing",
    path: () => "/",
    ready: (page) => page.getByRole("heading", { name: "The first event" }).waitFor(),
  },
  {
    name: "devices",
    path: () => "/dashboard/devices",
    ready: (page) => page.getByRole("list", { name: "Devices" }).waitFor(),
  },
  {
    name: "device",
    path: ({ deviceId }) => `/dashboard/devices/${deviceId}`,
    ready: async (page) => {
      await page.locator("canvas").waitFor();
      await page.getByRole("table").waitFor();
    },
  },
  {
    name: "actions",
    path: () => "/dashboard/actions",
    ready: (page) => page.getByRole("table", { name: "Actions" }).waitFor(),
  },
  {
    name: "action-new",
    path: () => "/dashboard/actions/new",
    ready: (page) => page.getByRole("button", { name: "Push", exact: true }).waitFor(),
  },
  {
    name: "action",
    path: ({ actionId }) => `/dashboard/actions/${actionId}`,
    ready: (page) => page.getByRole("list", { name: "Deliveries" }).waitFor(),
  },
];
