/**
 * The link of a portal brings a token in its fragment. It is kept for reloads of this tab only, and taken
 * out of the address, so that no history and no copied link holds it.
 */
import { Store } from "../lib/store.ts";
import { ApiError } from "./api-error.ts";
import { callAs } from "./caller.ts";

const KEPT_AS = "amps.portal";
const BROUGHT = /^#key=([\w-]+)$/;

export interface PortalAccess {
  appId: string;
  token: string;
}

/** Why there is no portal to show; undefined: there is one. */
export type PortalEnd = "ended" | "missing";
export const portalEnd = new Store<PortalEnd | undefined>(undefined);

/** Storage may be refused in a frame: then a link lasts until the frame is loaded anew. */
function keep(key: string | undefined): void {
  try {
    if (key === undefined) sessionStorage.removeItem(KEPT_AS);
    else sessionStorage.setItem(KEPT_AS, key);
  } catch {
    // See above.
  }
}

function kept(): string | undefined {
  try {
    return sessionStorage.getItem(KEPT_AS) ?? undefined;
  } catch {
    return undefined;
  }
}

function decode(base64url: string): unknown {
  const binary = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (char) => char.codePointAt(0) ?? 0);
  return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
}

interface Claims {
  exp?: number;
  capabilities?: string[];
}

/** What the token says of itself; the server holds it to it. */
function claimsOf(token: string): Claims {
  try {
    return decode(token.split(".")[1] ?? "") as Claims;
  } catch {
    return {};
  }
}

function read(key: string | undefined): PortalAccess | undefined {
  if (key === undefined) return undefined;
  try {
    const { appId, token } = decode(key) as Partial<PortalAccess>;
    return typeof appId === "string" && typeof token === "string" ? { appId, token } : undefined;
  } catch {
    return undefined;
  }
}

function takeBrought(): string | undefined {
  const brought = BROUGHT.exec(location.hash)?.[1];
  if (brought === undefined) return undefined;
  history.replaceState(history.state, "", location.pathname + location.search);
  keep(brought);
  return brought;
}

function refuse(end: PortalEnd): never {
  portalEnd.set(end);
  const detail = end === "ended" ? "This link has expired." : "This page is opened by a link.";
  throw new ApiError({ status: 401, code: end, detail });
}

/** @throws 401 */
export function openPortal(): PortalAccess {
  const access = read(takeBrought() ?? kept());
  if (access === undefined) refuse("missing");
  const { exp, capabilities } = claimsOf(access.token);
  if (exp !== undefined && exp * 1_000 <= Date.now()) closePortal();
  callAs({ token: access.token, capabilities });
  return access;
}

/** The token opens nothing any more. @throws 401 */
function closePortal(): never {
  keep(undefined);
  refuse("ended");
}

/** The server refused the token: it has expired, or was ended there. */
export function portalWasRefused(): void {
  keep(undefined);
  callAs({ token: undefined });
  portalEnd.set("ended");
}

/** Another link in the same tab changes the fragment only. */
export function followPortalLinks(): void {
  window.addEventListener("hashchange", () => {
    if (BROUGHT.test(location.hash)) location.reload();
  });
}
