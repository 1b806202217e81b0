/**
 * What an endpoint URL may be. Checked once when it is stored; the normalised text is what is sent,
 * so no second parser can read it differently. The raw text is checked first, because `new URL`
 * repairs much (backslashes, tabs, missing slashes) and drops what an attacker would hide.
 */
import {
  coversLoopback,
  isLoopbackName,
  isOwnListener,
  judgeAddress,
  parseAddress,
} from "./address.ts";
import type { CidrList, ListenAddress } from "./address.ts";

export interface EndpointUrlOptions {
  /** What the operator opened beyond the public internet. */
  allow: CidrList;
  httpsRequired: boolean;
  /** Where Amps itself answers: literals it listens on, names under which it is reached. */
  ownAddresses?: readonly ListenAddress[];
}

export type EndpointUrlProblem =
  | "url.invalid"
  | "url.scheme"
  | "url.https_required"
  | "url.userinfo"
  | "url.fragment"
  | "url.port_denied"
  | "url.host_denied"
  | "url.address_denied";

export interface Credentials {
  user: string;
  password: string;
}

export type EndpointUrlResult =
  | { ok: true; url: string; credentials?: Credentials }
  | { ok: false; type: EndpointUrlProblem; message: string };

type Refusal = Extract<EndpointUrlResult, { ok: false }>;

const URL_LENGTH_MAX = 65_536;
const HOST_LENGTH_MAX = 253;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
const SCHEME = /^([a-z][a-z0-9+.-]*):/i;
const AUTHORITY = /^https?:\/\/([^/?#]+)/i;
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const FORM = "write an absolute URL such as https://example.com/webhooks";

/**
 * Services that take harm from, or act on, an HTTP request: the ports browsers refuse, plus
 * databases, caches, brokers and container engines. Every other port may be a receiver.
 */
const DENIED_PORTS: ReadonlySet<number> = new Set([
  0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102,
  103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 445,
  465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990,
  993, 995, 1433, 1521, 1719, 1720, 1723, 2049, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 3659,
  4045, 4190, 5060, 5061, 5432, 5672, 5900, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679,
  6697, 9042, 9092, 9200, 9300, 10080, 10250, 11211, 27017,
]);

function refuse(type: EndpointUrlProblem, message: string): Refusal {
  return { ok: false, type, message };
}

/** Checks on the text as it came, before any parser touched it. */
function checkRaw(raw: unknown): Refusal | { authority: string; text: string } {
  if (typeof raw !== "string" || raw === "") return refuse("url.invalid", `No URL: ${FORM}.`);
  if (raw.length > URL_LENGTH_MAX) {
    return refuse("url.invalid", `The URL is longer than ${URL_LENGTH_MAX} characters.`);
  }
  if (CONTROL.test(raw) || /[\s\ufeff]/u.test(raw) || !raw.isWellFormed()) {
    return refuse("url.invalid", "The URL has a space, control or broken character; encode it.");
  }
  if (raw.includes("\\")) return refuse("url.invalid", "The URL has a backslash; use / or %5C.");
  const scheme = SCHEME.exec(raw)?.[1]?.toLowerCase();
  if (scheme === undefined) return refuse("url.invalid", `The URL has no scheme: ${FORM}.`);
  if (scheme !== "https" && scheme !== "http") {
    return refuse("url.scheme", "The URL must start with https:// or http://.");
  }
  const authority = AUTHORITY.exec(raw)?.[1];
  if (authority === undefined) return refuse("url.invalid", `The URL names no host: ${FORM}.`);
  if (raw.includes("#")) {
    return refuse("url.fragment", "A fragment (#…) is never sent to a receiver; remove it.");
  }
  return { authority, text: raw };
}

function decodeCredential(text: string): string | null {
  try {
    const decoded = decodeURIComponent(text);
    return CONTROL.test(decoded) ? null : decoded;
  } catch {
    return null;
  }
}

/** `user:password@`, read from the raw text because the parser drops an empty `:@`. */
function readCredentials(authority: string): Credentials | undefined | Refusal {
  const parts = authority.split("@");
  if (parts.length === 1) return undefined;
  const [userinfo = ""] = parts;
  const colon = userinfo.indexOf(":");
  const user = colon > 0 ? decodeCredential(userinfo.slice(0, colon)) : null;
  const password = colon > 0 ? decodeCredential(userinfo.slice(colon + 1)) : null;
  // Basic auth separates by the first colon, so a user name cannot hold one.
  if (parts.length > 2 || user === null || password === null || user.includes(":")) {
    return refuse(
      "url.userinfo",
      "Before an @ only user:password is accepted (sent as Basic authentication), percent-encoded.",
    );
  }
  return { user, password };
}

/** The parser reads `xn--` labels only beside a non-ASCII one; so give it one. */
function isPunycodeValid(name: string): boolean {
  return !name.includes("xn--") || URL.canParse(`https://\u00e4.${name}/`);
}

function checkName(name: string, options: EndpointUrlOptions): Refusal | undefined {
  const labels = name.split(".");
  const isWellFormed = labels.every((label) => LABEL.test(label)) && isPunycodeValid(name);
  if (name.length > HOST_LENGTH_MAX || !isWellFormed) {
    return refuse("url.invalid", "The host is not a valid domain name.");
  }
  if (isLoopbackName(name)) {
    if (coversLoopback(options.allow)) return undefined;
    return refuse(
      "url.host_denied",
      `${name} is this machine; AMPS_EGRESS_ALLOW does not cover it.`,
    );
  }
  if (labels.length === 1 || name.endsWith(".internal")) {
    return refuse("url.host_denied", "The host must be a public domain name or a public address.");
  }
  return undefined;
}

function checkHost(url: URL, options: EndpointUrlOptions): Refusal | undefined {
  const host = url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname;
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  if (DENIED_PORTS.has(port)) {
    return refuse(
      "url.port_denied",
      `Port ${port} belongs to another service; use 443, 80, or a port of a web server.`,
    );
  }
  if (isOwnListener({ host, port }, options.ownAddresses ?? [])) {
    return refuse("url.address_denied", `${host}:${port} is Amps itself; name another receiver.`);
  }
  if (parseAddress(host) === null) return checkName(host, options);
  const verdict = judgeAddress(host, options.allow);
  if (verdict.ok) return undefined;
  return refuse(
    "url.address_denied",
    `${host} is not a public address (${verdict.reason}); use a public host.`,
  );
}

function parse(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

/**
 * Accepts http and https URLs of hosts that deliveries may reach. The returned `url` is normalised,
 * without credentials, and parses to itself; `credentials` become Basic authentication. Names are
 * only judged as names here: what they resolve to is judged at every connection.
 */
export function checkEndpointUrl(raw: unknown, options: EndpointUrlOptions): EndpointUrlResult {
  const checked = checkRaw(raw);
  if ("ok" in checked) return checked;
  const credentials = readCredentials(checked.authority);
  if (credentials !== undefined && "ok" in credentials) return credentials;
  const url = parse(checked.text);
  if (url === null) return refuse("url.invalid", `The URL cannot be read: ${FORM}.`);
  if (options.httpsRequired && url.protocol !== "https:") {
    return refuse("url.https_required", "The URL must start with https:// here.");
  }
  url.username = "";
  url.password = "";
  // The absolute form `name.` is the same host, but certificates and SNI carry no trailing dot.
  if (url.hostname.endsWith(".")) url.hostname = url.hostname.slice(0, -1);
  const problem = checkHost(url, options);
  if (problem !== undefined) return problem;
  return credentials === undefined
    ? { ok: true, url: url.href }
    : { ok: true, url: url.href, credentials };
}
