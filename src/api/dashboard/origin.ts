/**
 * Whether a request comes from a page of this server. Browsers say so themselves, and no page can make
 * them say it otherwise. SameSite alone is not enough: to it all ports of a host are one site.
 */
import type { RequestHeaders } from "../identity.ts";

const OWN = new Set(["same-origin", "none"]);

/** Programs that are no browsers send neither header: they have no cookies that others could use. */
export function isOwnOrigin(headers: RequestHeaders, publicUrl: string): boolean {
  const { origin, host } = headers;
  const site = headers["sec-fetch-site"];
  if (site !== undefined && !OWN.has(String(site))) return false;
  if (origin === undefined) return true;
  if (typeof origin !== "string" || !URL.canParse(origin)) return false;
  const from = new URL(origin);
  // A page of another host cannot ask under this one's name.
  return from.host === host || from.origin === new URL(publicUrl).origin;
}

/** What is wrong, for people: mostly an attack, sometimes a proxy that hides the name it is called by. */
export const FOREIGN_ORIGIN =
  "The request comes from a page of another server. If it does not, set AMPS_PUBLIC_URL to the address " +
  "that the dashboard is opened at.";
