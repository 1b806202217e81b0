/** Where the page is: environment, application, session. */
import { getRouteApi } from "@tanstack/react-router";
import type { Place } from "./root-route.ts";

const shell = getRouteApi("/shell");

export function usePlace(): Place {
  return shell.useRouteContext();
}

export function useAppId(): string {
  return usePlace().appId;
}
