/** The session: who is logged in, and which environments there are. */
import { queryOptions } from "@tanstack/react-query";
import { callAs, type EnvironmentMode, isPortal } from "./caller.ts";
import { callJson } from "./client.ts";
import { openPortal } from "./portal-access.ts";

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

function openPortalSession(): Session {
  const access = openPortal();
  const mode: EnvironmentMode = "live";
  const environments = [{ id: "", mode, defaultApplicationId: access.appId }];
  return { csrfToken: "", environments, version: "", expiresAt: "" };
}

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async ({ signal }): Promise<Session> => {
    if (isPortal) return openPortalSession();
    return remember((await callJson("GET", SESSION, { signal })) as Session);
  },
  staleTime: Number.POSITIVE_INFINITY,
  gcTime: Number.POSITIVE_INFINITY,
});
