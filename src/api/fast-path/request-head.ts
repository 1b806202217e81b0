/**
 * Reads the head of a publish, if it is as publishers send it. Whatever is spelt in another way, or says more
 * than is known here, is not read at all: Node's HTTP server then decides what it means. So nothing can be
 * understood here that is understood otherwise there.
 */

import { IDEMPOTENCY_KEY } from "../idempotency.ts";

const HEAD_LENGTH_MAX = 4_096;
/** Svix's libraries ask for no content. */
const REQUEST_LINE =
  /^POST (\/api\/v1\/app\/([\w.-]{1,256})\/msg(?:\?with_content=(true|false))?) HTTP\/1\.1$/;
const VALUE = /^[\t\x20-\x7e]*$/;
const AROUND = /^[\t ]+|[\t ]+$/g;
const LENGTH = /^[1-9]\d{0,5}$/;
const JSON_TYPE = /^application\/json(?: *; *charset=utf-8)?$/i;
const KEEP_ALIVE = /^keep-alive$/i;
const BEARER = /^bearer +(\S+)$/i;

/** What nothing in this API reads of a publish: sent by libraries, or added by proxies. */
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
  /** Id or uid, as in the path. */
  application: string;
  /** Whether the answer shows the payload. */
  withContent: boolean;
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
function readHead(text: string): RequestHead | undefined {
  const [requestLine = "", ...lines] = text.split("\r\n");
  const [, url, application, withContent] = REQUEST_LINE.exec(requestLine) ?? [];
  if (url === undefined || application === undefined) return undefined;
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
    application,
    withContent: withContent !== "false",
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
  #text = "";
  #head: RequestHead | undefined;

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
      this.#head = readHead(text);
    }
    const head = this.#head;
    const bodyAt = end + HEAD_END.length;
    if (head === undefined || head.contentLength > BODY_BYTES_MAX) return undefined;
    const missing = bodyAt + head.contentLength - data.length;
    if (missing === 0) return { head, body: data.subarray(bodyAt) };
    return missing > 0 && head.contentLength <= PART_BYTES_MAX ? "part" : undefined;
  }
}
