/** As whom this page calls the API: by session cookie (dashboard) or by a portal's token. */
import { Store } from "../lib/store.ts";

export type EnvironmentMode = "sandbox" | "live";

/** The dashboard and the portals are the same pages under two paths. */
export const surface = location.pathname.startsWith("/portal") ? "portal" : "dashboard";
export const isPortal = surface === "portal";
export const BASE_PATH = `/${surface}`;

/** What a portal may be allowed (docs/access.md). */
export type Capability =
  | "ViewBase"
  | "ViewEndpointSecret"
  | "ManageEndpointSecret"
  | "CreateAttempts"
  | "ManageEndpoint";

interface Caller {
  /** Of the session; writes carry it. */
  csrfToken: string | undefined;
  /** Of a portal. */
  token: string | undefined;
  /** Of a portal's token; undefined: all of them. */
  capabilities: readonly string[] | undefined;
  environment: EnvironmentMode;
}

let caller: Caller = {
  csrfToken: undefined,
  token: undefined,
  capabilities: undefined,
  environment: "sandbox",
};

/** Changes each time a call was refused for want of a session. */
export const loggedOut = new Store(0);

export function callAs(change: Partial<Caller>): void {
  caller = { ...caller, ...change };
}

export function currentEnvironment(): EnvironmentMode {
  return caller.environment;
}

/** Whether the server will do it for this page: what it would refuse is not offered. */
export function may(capability: Capability): boolean {
  return caller.capabilities?.includes(capability) ?? true;
}

export function callerHeaders(writes: boolean): Record<string, string> {
  const { csrfToken, token, environment } = caller;
  if (isPortal) return token === undefined ? {} : { authorization: `Bearer ${token}` };
  return {
    "amps-environment": environment,
    ...(writes && csrfToken !== undefined && { "amps-csrf-token": csrfToken }),
  };
}
