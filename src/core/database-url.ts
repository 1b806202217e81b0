/**
 * `DATABASE_URL` with one host or several, as libpq reads it: `postgres://user:pw@a:5432,b:5433/db`,
 * `?host=a,b&port=5432`, or `host=a,b port=5432 user=…`. Split here into one URL per host, because
 * the driver knows only one. No problem text repeats any part of the value: it holds a password.
 */

export interface DatabaseHost {
  /** For people: `db-a:5432`, or the folder of the socket. */
  name: string;
  /** An ordinary URL of this host alone. */
  url: string;
}

export type ParsedDatabaseUrl =
  | { ok: true; hosts: DatabaseHost[] }
  | { ok: false; problem: string };

const FORM =
  "must be a PostgreSQL URL such as postgres://user:password@host/database, " +
  "with several hosts postgres://user:password@a:5432,b:5432/database";
const DEFAULT_PORT = "5432";
const HOSTS_MAX = 16;
/** What is used is always the writable host. */
const WRITABLE_TARGETS = new Set(["any", "read-write", "primary"]);
const HOST_NAME = /^[A-Za-z0-9_.-]+$/;
const IPV6 = /^[0-9A-Fa-f:.]+(?:%[\w.-]+)?$/;
const URL_FORM = /^(postgres(?:ql)?:\/\/)(?:([^/?]*)@)?([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s;
const SETTING = /\s*([a-z_]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))(?=\s|$)/gsy;

/** A value as written, before it is judged. */
interface Parts {
  scheme: string;
  /** `user:password`, percent-encoded. */
  login: string | undefined;
  database: string;
  hosts: string[];
  ports: string[];
  options: URLSearchParams;
}

export function parseDatabaseUrl(text: string): ParsedDatabaseUrl {
  const parts = /^\s*[a-z_]+\s*=/.test(text) ? readSettings(text) : readUrl(text);
  if (typeof parts === "string") return { ok: false, problem: parts };
  const target = parts.options.get("target_session_attrs");
  if (target !== null && !WRITABLE_TARGETS.has(target)) {
    const problem = "target_session_attrs may only be read-write, primary or any: Amps writes";
    return { ok: false, problem };
  }
  parts.options.delete("target_session_attrs");
  return splitHosts(parts);
}

function readUrl(text: string): Parts | string {
  if (text.includes("#")) return `${FORM}; a # in it is written %23`;
  const [, scheme = "", login, authority = "", database = "", query = ""] =
    URL_FORM.exec(text) ?? [];
  if (scheme === "") return FORM;
  const options = new URLSearchParams(query);
  const places = authority.split(",").map((place) => /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(place));
  if (places.includes(null)) return FORM;
  const hosts = places.map((place) => decode((place?.[1] ?? "").replace(/^\[(.*)\]$/, "$1")));
  const ports = places.map((place) => place?.[2] ?? "");
  return { scheme, login, database, ...overridden(options, hosts, ports), options };
}

/** As in libpq, `host` and `port` among the options win. */
function overridden(
  options: URLSearchParams,
  hosts: string[],
  ports: string[],
): Pick<Parts, "hosts" | "ports"> {
  const host = options.get("host")?.split(",");
  const port = options.get("port")?.split(",");
  options.delete("host");
  options.delete("port");
  return { hosts: host ?? hosts, ports: port ?? (host === undefined ? ports : [""]) };
}

function readSettings(text: string): Parts | string {
  const options = new URLSearchParams();
  let end = 0;
  for (const match of text.trimEnd().matchAll(SETTING)) {
    const [whole, name = "", quoted, plain = ""] = match;
    options.set(name, (quoted ?? plain).replace(/\\(.)/gs, "$1"));
    end = match.index + whole.length;
  }
  if (end !== text.trimEnd().length) {
    return "must be settings such as host=a,b port=5432 user=amps password='…' dbname=amps";
  }
  if (options.has("hostaddr")) return "hostaddr is not supported: write the address as host";
  const take = (name: string): string => {
    const value = options.get(name) ?? "";
    options.delete(name);
    return encodeURIComponent(value);
  };
  const [user, password, database] = [take("user"), take("password"), take("dbname")];
  const login = `${user}${password === "" ? "" : `:${password}`}`;
  const places = overridden(options, [""], [""]);
  return { scheme: "postgres://", login, database, ...places, options };
}

function splitHosts(parts: Parts): ParsedDatabaseUrl {
  const { hosts, ports } = parts;
  const fail = (problem: string): ParsedDatabaseUrl => ({ ok: false, problem });
  if (hosts.length > HOSTS_MAX) return fail(`must name at most ${HOSTS_MAX} hosts`);
  if (ports.length !== 1 && ports.length !== hosts.length) {
    return fail("must name one port for all hosts, or as many ports as hosts");
  }
  if (hosts.length > 1 && hosts.includes("")) return fail("has an empty name among its hosts");
  const found: DatabaseHost[] = [];
  for (const [index, host] of hosts.entries()) {
    const port = (ports.length === 1 ? ports[0] : ports[index]) || DEFAULT_PORT;
    if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535) {
      return fail("has a port that is not a number from 1 to 65535");
    }
    const url = urlOf(parts, host, port);
    if (url === undefined) return fail(FORM);
    found.push({ name: nameOf(host, port), url });
  }
  if (new Set(found.map(({ name }) => name)).size < found.length) {
    return fail("names one host twice");
  }
  return { ok: true, hosts: found };
}

function nameOf(host: string, port: string): string {
  if (host.startsWith("/")) return `${host} (port ${port})`;
  return `${host.includes(":") ? `[${host}]` : host || "localhost"}:${port}`;
}

/** Undefined when it makes no URL. */
function urlOf(parts: Parts, host: string, port: string): string | undefined {
  const { scheme, login, database } = parts;
  const options = new URLSearchParams(parts.options);
  let place = "";
  if (host.startsWith("/")) {
    options.set("host", host);
    options.set("port", port);
  } else if (host !== "") {
    if (!HOST_NAME.test(host) && !(host.includes(":") && IPV6.test(host))) return undefined;
    place = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  } else if (port !== DEFAULT_PORT) {
    options.set("port", port);
  }
  const query = options.size === 0 ? "" : `?${options.toString().replaceAll("+", "%20")}`;
  const at = login === undefined ? "" : `${login}@`;
  const url = `${scheme}${at}${place}/${database}${query}`;
  // A socket's URL has no host, which the URL standard allows only without a login.
  const checked = place === "" ? `${scheme}${at}socket/${database}${query}` : url;
  return URL.canParse(checked) ? url : undefined;
}

/** Percent-encoding undone; as it was where it is not valid. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
