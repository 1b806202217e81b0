/** The session: who is logged in, and which environments there are. */
import { queryOptions } from "@tanstack/react-query";
import { ApiError } from "./api-error.ts";
import { callAs, type EnvironmentMode, isPortal } from "./caller.ts";
import { callJson } from "./client.ts";

export interface SessionEnvironment {
  id: string;
  mode: EnvironmentMode;
  defaultApplicationId: string;
}

export interface Session {
  csrfToken: string;
  environments: SessionEnvironment[];
  version: string;
  expiresAt: string;
}

const LOGIN = "/api/v1/dashboard/login";
const SESSION = "/api/v1/dashboard/session";
const LOGOUT = "/api/v1/dashboard/logout";

function remember<T extends { csrfToken: string }>(answer: T): T {
  callAs({ csrfToken: answer.csrfToken });
  return answer;
}

/** @param proof a password, or the token of a one-time link */
export async function logIn(proof: { password: string } | { token: string }): Promise<void> {
  remember((await callJson("POST", LOGIN, { body: proof })) as { csrfToken: string });
}

export async function logOut(): Promise<void> {
  await callJson("POST", LOGOUT, {});
}

const PORTAL_KEY = "amps.portal";

interface PortalAccess {
  appId: string;
  token: string;
}

/** What the link's fragment brought; kept for a reload of this tab, and taken out of the address. */
function readPortalAccess(): PortalAccess | undefined {
  const brought = /^#key=([\w-]+)$/.exec(location.hash)?.[1];
  try {
    if (brought !== undefined) {
      sessionStorage.setItem(PORTAL_KEY, brought);
      history.replaceState(history.state, "", location.pathname + location.search);
    }
    const key = brought ?? sessionStorage.getItem(PORTAL_KEY);
    if (key === null) return undefined;
    const text = atob(key.replaceAll("-", "+").replaceAll("_", "/"));
    return JSON.parse(text) as PortalAccess;
  } catch {
    return undefined;
  }
}

function openPortal(): Session {
  const access = readPortalAccess();
  if (access === undefined) {
    const detail = "This page is opened by a link from your provider. Ask for a new one.";
    throw new ApiError({ status: 401, code: "no_token", detail });
  }
  callAs({ token: access.token });
  const mode: EnvironmentMode = "live";
  const environments = [{ id: "", mode, defaultApplicationId: access.appId }];
  return { csrfToken: "", environments, version: "", expiresAt: "" };
}

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async ({ signal }): Promise<Session> => {
    if (isPortal) return openPortal();
    return remember((await callJson("GET", SESSION, { signal })) as Session);
  },
  staleTime: Number.POSITIVE_INFINITY,
  gcTime: Number.POSITIVE_INFINITY,
});
