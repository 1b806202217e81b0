/**
 * Reads the head of a request to a fast route, if it is as libraries send it. Whatever is spelt in another way, or
 * says more than is known here, is not read at all: Node's HTTP server then decides what it means. So nothing can be
 * understood here that is understood otherwise there.
 */
import { IDEMPOTENCY_KEY } from "../idempotency.ts";
import type { FastRoute } from "./route.ts";

const HEAD_LENGTH_MAX = 4_096;
const REQUEST_LINE = /^POST (\/[\w./?=()-]{1,512}) HTTP\/1\.1$/;
const VALUE = /^[\t\x20-\x7e]*$/;
const AROUND = /^[\t ]+|[\t ]+$/g;
const LENGTH = /^[1-9]\d{0,5}$/;
const JSON_TYPE = /^application\/json(?: *; *charset=utf-8)?$/i;
const KEEP_ALIVE = /^keep-alive$/i;
const BEARER = /^bearer +(\S+)$/i;

/** What no fast route reads: sent by libraries, or added by proxies. */
const UNREAD = new Set([
  "host",
  "user-agent",
  "accept",
  "accept-encoding",
  "accept-language",
  "sec-fetch-mode",
  "svix-req-id",
  "forwarded",
  "via",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-proto",
  "x-real-ip",
  "x-request-id",
]);

/** What is read, and how it has to look. */
const READ = new Map<string, RegExp>([
  ["authorization", BEARER],
  ["x-api-key", /^\S+$/],
  ["content-type", JSON_TYPE],
  ["content-length", LENGTH],
  ["connection", KEEP_ALIVE],
  ["idempotency-key", IDEMPOTENCY_KEY],
]);

export interface RequestHead {
  url: string;
  route: FastRoute;
  /** Groups of the route's `target`. */
  names: readonly (string | undefined)[];
  contentLength: number;
  /** Key or token of who asks. */
  credential: string;
  idempotencyKey: string | undefined;
}

/** The headers by their lower-case names; undefined: not all of them are known here, once each. */
function readHeaders(lines: readonly string[]): Map<string, string> | undefined {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    const value = line.slice(colon + 1).replace(AROUND, "");
    const form = READ.get(name) ?? (UNREAD.has(name) ? VALUE : undefined);
    if (form === undefined || !form.test(value) || headers.has(name)) return undefined;
    headers.set(name, value);
  }
  return headers;
}

/** @param text request line and headers, without the empty line that ends them */
function readHead(text: string, routes: readonly FastRoute[]): RequestHead | undefined {
  const [requestLine = "", ...lines] = text.split("\r\n");
  const url = REQUEST_LINE.exec(requestLine)?.[1];
  const route = url && routes.find(({ target }) => target.test(url));
  if (url === undefined || !route) return undefined;
  const headers = readHeaders(lines);
  if (headers === undefined || !headers.has("host") || !headers.has("content-type")) {
    return undefined;
  }
  const length = headers.get("content-length");
  const bearer = BEARER.exec(headers.get("authorization") ?? "")?.[1];
  const credential = bearer ?? headers.get("x-api-key");
  if (length === undefined || credential === undefined) return undefined;
  if (bearer !== undefined && headers.has("x-api-key")) return undefined;
  return {
    url,
    route,
    names: route.target.exec(url)?.slice(1) ?? [],
    contentLength: Number(length),
    credential,
    idempotencyKey: headers.get("idempotency-key"),
  };
}

export interface FastRequest {
  head: RequestHead;
  body: Buffer;
}

const HEAD_END = "\r\n\r\n";
/** Larger ones take the usual way, which reads them as they come. */
const BODY_BYTES_MAX = 65_536;
/** Held while the rest is to come, uncounted: so much for every connection there may be is little. */
const PART_BYTES_MAX = 8_192;

/** Reads the requests of one connection, whose heads are mostly the same. */
export class RequestReader {
  readonly #routes: readonly FastRoute[];
  #text = "";
  #head: RequestHead | undefined;

  constructor(routes: readonly FastRoute[]) {
    this.#routes = routes;
  }

  /**
   * The request that `data` is, and nothing else; `part`: the rest of its body is still to come; undefined: it is
   * not read here.
   */
  read(data: Buffer): FastRequest | "part" | undefined {
    const end = data.indexOf(HEAD_END, 0, "latin1");
    if (end === -1 || end > HEAD_LENGTH_MAX) return undefined;
    const text = data.toString("latin1", 0, end);
    if (text !== this.#text) {
      this.#text = text;
      this.#head = readHead(text, this.#routes);
    }
    const head = this.#head;
    const bodyAt = end + HEAD_END.length;
    if (head === undefined || head.contentLength > BODY_BYTES_MAX) return undefined;
    const missing = bodyAt + head.contentLength - data.length;
    if (missing === 0) return { head, body: data.subarray(bodyAt) };
    return missing > 0 && head.contentLength <= PART_BYTES_MAX ? "part" : undefined;
  }
}
