/** As whom this page calls the API: by session cookie (dashboard) or by a portal's token. */
import { Store } from "../lib/store.ts";

export type EnvironmentMode = "sandbox" | "live";

/** The dashboard and the portals are the same pages under two paths. */
export const surface = location.pathname.startsWith("/portal") ? "portal" : "dashboard";
export const isPortal = surface === "portal";
export const BASE_PATH = `/${surface}`;

interface Caller {
  /** Of the session; writes carry it. */
  csrfToken: string | undefined;
  /** Of a portal. */
  token: string | undefined;
  environment: EnvironmentMode;
}

let caller: Caller = { csrfToken: undefined, token: undefined, environment: "sandbox" };

/** Changes each time a call was refused for want of a session. */
export const loggedOut = new Store(0);

export function callAs(change: Partial<Caller>): void {
  caller = { ...caller, ...change };
}

export function currentEnvironment(): EnvironmentMode {
  return caller.environment;
}

export function callerHeaders(writes: boolean): Record<string, string> {
  const { csrfToken, token, environment } = caller;
  if (isPortal) return token === undefined ? {} : { authorization: `Bearer ${token}` };
  return {
    "amps-environment": environment,
    ...(writes && csrfToken !== undefined && { "amps-csrf-token": csrfToken }),
  };
}
