/**
 * HTTP/1.1 responses from receivers that may say anything, byte by byte if they like (RFC 9112). As
 * strict as a client may be: what is not well-formed ends the exchange and the connection, so that
 * nobody's bytes are taken for an answer to somebody else's request.
 *
 *   head ─► (interim: head) ─► length │ chunks │ until the end ─► complete
 *
 * A whole head in one read, which is the rule, is decoded once and cut by string searches. Within a second most
 * receivers say the same head again, to the byte: then it is not parsed again (1.5 µs of the 40 of a delivery).
 */
import type { SendErrorCode } from "../core/send-result.ts";

export interface ParseFailure {
  code: Extract<SendErrorCode, "protocol" | "too_large">;
  /** Goes on from "The answer of PEER": "is not HTTP/1.1: …". */
  detail: string;
}

export interface Head {
  status: number;
  /** Lines of `name: value` as received; latin1 keeps every byte. */
  headerLines: string;
  retryAfter: string | undefined;
  webhookDelivery: string | undefined;
}

export interface ResponseSink {
  onHead(head: Head): void;
  /** Valid during the call only. */
  onBody(data: Buffer, from: number, to: number): void;
}

type State = "head" | "length" | "until_end" | "chunk_size" | "chunk" | "chunk_end" | "trailers";

const HEAD_BYTES_MAX = 16 * 1024;
const HEAD_END = "\r\n\r\n";
const CHUNK_LINE_BYTES_MAX = 256;
/** More would not be exact as a number, and nobody means it. */
const LENGTH_DIGITS_MAX = 15;
const INTERIM_ANSWERS_MAX = 8;
/** Of one read; many origins may be remembered. */
const REMEMBERED_BYTES_MAX = 1_024;
const EMPTY = Buffer.alloc(0);

const BEGIN = "HTTP/1.";
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const NOT_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
const DIGITS = /^\d+$/;
const CHUNK_LINE = /^([0-9a-f]{1,12})[\t ]*(?:;.*)?$/i;

function notHttp(detail: string): ParseFailure {
  return { code: "protocol", detail: `is not HTTP/1.1: ${detail}` };
}

const TOO_LARGE: ParseFailure = {
  code: "too_large",
  detail: "has headers that exceed 16 KiB",
};

/** What of the head says where the body ends, and what becomes of the connection. */
interface Framing {
  isHttp10: boolean;
  length: number | undefined;
  isChunked: boolean;
  /** A coding whose end only the end of the connection tells. */
  isCoded: boolean;
  closes: boolean;
  keepsAlive: boolean;
}

/** The last head of an origin, and what it said. */
export interface LastHead {
  text: string;
  head: Head;
  framing: Framing;
  keepAliveHint: number | undefined;
}

/** Shared by the parsers of one origin. */
export interface HeadMemory {
  last: LastHead | undefined;
}

function trimmed(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && (text[from] === " " || text[from] === "\t")) from += 1;
  while (to > from && (text[to - 1] === " " || text[to - 1] === "\t")) to -= 1;
  return text.slice(from, to);
}

function tokensOf(value: string): string[] {
  return value
    .toLowerCase()
    .split(",")
    .map((token) => trimmed(token));
}

export class ResponseParser {
  /** The response is whole. */
  complete = false;
  /** The connection may carry another request: as long as no byte follows. */
  reusable = false;
  /** From `Keep-Alive: timeout=`, in seconds. */
  keepAliveHint: number | undefined;
  #state: State = "head";
  /** Of a head or a line whose end has not come. */
  #rest: Buffer = EMPTY;
  /** Bytes of the body or chunk that are to come. */
  #left = 0;
  #trailerBytes = 0;
  #interim = 0;
  readonly #sink: ResponseSink;
  readonly #memory: HeadMemory;

  constructor(sink: ResponseSink, memory: HeadMemory) {
    this.#sink = sink;
    this.#memory = memory;
  }

  /** The head has come. */
  get answered(): boolean {
    return this.#state !== "head";
  }

  /** @returns what is wrong with what came; undefined: nothing yet */
  feed(chunk: Buffer): ParseFailure | undefined {
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = EMPTY;
    let at = 0;
    while (at < data.length && !this.complete) {
      const step = this.#step(data, at);
      if (typeof step !== "number") return step;
      if (step === 0) {
        // A copy: the bytes of a read are only lent.
        this.#rest = Buffer.from(data.subarray(at));
        return undefined;
      }
      at += step;
    }
    if (at < data.length) this.reusable = false;
    return undefined;
  }

  /** The receiver has closed its side. @returns whether that is the end of a whole response */
  end(): boolean {
    if (this.#state === "until_end") this.complete = true;
    return this.complete;
  }

  /** @returns how many bytes from `at` on were used up; 0: more must come first */
  #step(data: Buffer, at: number): number | ParseFailure {
    switch (this.#state) {
      case "head":
        return this.#readHead(data, at);
      case "length":
      case "chunk":
        return this.#readCounted(data, at);
      case "until_end":
        this.#sink.onBody(data, at, data.length);
        return data.length - at;
      default:
        return this.#readLine(data, at);
    }
  }

  #readHead(data: Buffer, at: number): number | ParseFailure {
    const text = data.toString("latin1", at, Math.min(data.length, at + HEAD_BYTES_MAX + 4));
    const end = text.indexOf(HEAD_END);
    if (end === -1) {
      if (!text.startsWith(BEGIN) && !BEGIN.startsWith(text)) {
        return notHttp(`it begins with ${JSON.stringify(text.slice(0, 16))}`);
      }
      return text.length > HEAD_BYTES_MAX ? TOO_LARGE : 0;
    }
    const failure = this.#takeHead(text.slice(0, end), text.length);
    return failure ?? end + HEAD_END.length;
  }

  /** @param bytes of the text that it was cut from, all of which is kept for as long as it is remembered */
  #takeHead(text: string, bytes: number): ParseFailure | undefined {
    const { last } = this.#memory;
    if (last?.text === text) {
      this.keepAliveHint = last.keepAliveHint;
      this.#frame(last.head.status, last.framing);
      this.#sink.onHead(last.head);
      return undefined;
    }
    const parsed = this.#parseHead(text);
    if (!("head" in parsed)) return parsed;
    const { head, framing } = parsed;
    if (head.status < 200) return this.#passInterim(head.status);
    if (bytes <= REMEMBERED_BYTES_MAX) {
      this.#memory.last = { text, head, framing, keepAliveHint: this.keepAliveHint };
    }
    this.#frame(head.status, framing);
    this.#sink.onHead(head);
    return undefined;
  }

  #parseHead(text: string): { head: Head; framing: Framing } | ParseFailure {
    const firstEnd = text.indexOf("\r\n");
    const statusLine = firstEnd === -1 ? text : text.slice(0, firstEnd);
    const match = STATUS_LINE.exec(statusLine);
    if (match === null) return notHttp(`it begins with ${JSON.stringify(text.slice(0, 16))}`);
    const status = Number(match[2]);
    const head: Head = {
      status,
      headerLines: "",
      retryAfter: undefined,
      webhookDelivery: undefined,
    };
    const framing: Framing = {
      isHttp10: match[1] === "0",
      length: undefined,
      isChunked: false,
      isCoded: false,
      closes: false,
      keepsAlive: false,
    };
    let from = firstEnd === -1 ? Infinity : firstEnd + 2;
    while (from <= text.length) {
      const lineEnd = text.indexOf("\r\n", from);
      const end = lineEnd === -1 ? text.length : lineEnd;
      const failure = this.#parseField(text.slice(from, end), head, framing);
      if (failure !== undefined) return failure;
      from = end + 2;
    }
    return { head, framing };
  }

  #parseField(line: string, head: Head, framing: Framing): ParseFailure | undefined {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon));
    if (!NAME.test(name)) return notHttp("Invalid header name");
    const value = trimmed(line.slice(colon + 1));
    if (NOT_IN_VALUE.test(value)) return notHttp("Invalid character in a header value");
    head.headerLines += `${head.headerLines === "" ? "" : "\n"}${name}: ${value}`;
    switch (name.toLowerCase()) {
      case "content-length":
        return readLength(value, framing);
      case "transfer-encoding":
        if (framing.isHttp10) return notHttp("Transfer-Encoding in HTTP/1.0");
        framing.isCoded = true;
        framing.isChunked = tokensOf(value).at(-1) === "chunked";
        break;
      case "connection":
        framing.closes ||= tokensOf(value).includes("close");
        framing.keepsAlive ||= tokensOf(value).includes("keep-alive");
        break;
      case "keep-alive":
        this.keepAliveHint = Number(/timeout=(\d{1,9})/i.exec(value)?.[1] ?? Number.NaN);
        if (Number.isNaN(this.keepAliveHint)) this.keepAliveHint = undefined;
        break;
      case "retry-after":
        head.retryAfter ??= value;
        break;
      case "webhook-delivery":
        head.webhookDelivery ??= value;
        break;
    }
    if (framing.isCoded && framing.length !== undefined) return BOTH_LENGTHS;
    return undefined;
  }

  #passInterim(status: number): ParseFailure | undefined {
    if (status === 100 || status === 101) {
      return { code: "protocol", detail: "has an interim status nobody asked for" };
    }
    this.#interim += 1;
    this.keepAliveHint = undefined;
    if (this.#interim > INTERIM_ANSWERS_MAX) {
      return { code: "protocol", detail: `has more than ${INTERIM_ANSWERS_MAX} interim answers` };
    }
    return undefined;
  }

  /** Where the body ends (RFC 9112 §6.3). */
  #frame(status: number, framing: Framing): void {
    this.reusable = framing.isHttp10 ? framing.keepsAlive && !framing.closes : !framing.closes;
    if (status === 204 || status === 304 || framing.length === 0) {
      this.complete = true;
    } else if (framing.isChunked) {
      this.#state = "chunk_size";
    } else if (framing.length !== undefined && !framing.isCoded) {
      this.#state = "length";
      this.#left = framing.length;
    } else {
      this.#state = "until_end";
      this.reusable = false;
    }
  }

  #readCounted(data: Buffer, at: number): number {
    const length = Math.min(this.#left, data.length - at);
    this.#sink.onBody(data, at, at + length);
    this.#left -= length;
    if (this.#left > 0) return length;
    if (this.#state === "length") this.complete = true;
    else this.#state = "chunk_end";
    return length;
  }

  /** The lines between and after chunks. */
  #readLine(data: Buffer, at: number): number | ParseFailure {
    const isTrailer = this.#state === "trailers";
    const most = isTrailer ? HEAD_BYTES_MAX - this.#trailerBytes : CHUNK_LINE_BYTES_MAX;
    const text = data.toString("latin1", at, Math.min(data.length, at + Math.max(0, most) + 2));
    const end = text.indexOf("\r\n");
    if (end === -1) {
      if (isTrailer) return text.length > most ? TOO_LARGE : 0;
      // What cannot become a size any more need not be waited for.
      const isHopeless = text.length > most || /^[^0-9a-f\r]/i.test(text);
      return isHopeless ? this.#refuseChunk() : 0;
    }
    return this.#takeLine(text.slice(0, end)) ?? end + 2;
  }

  #refuseChunk(): ParseFailure {
    return notHttp(
      this.#state === "chunk_end" ? "Missing end of a chunk" : "Invalid character in chunk size",
    );
  }

  #takeLine(line: string): ParseFailure | undefined {
    if (this.#state === "trailers") {
      this.#trailerBytes += line.length + 2;
      if (line === "") this.complete = true;
      else if (this.#trailerBytes > HEAD_BYTES_MAX) return TOO_LARGE;
      return undefined;
    }
    if (this.#state === "chunk_end") {
      if (line !== "") return this.#refuseChunk();
      this.#state = "chunk_size";
      return undefined;
    }
    const size = CHUNK_LINE.exec(line)?.[1];
    if (size === undefined) return this.#refuseChunk();
    this.#left = Number.parseInt(size, 16);
    this.#state = this.#left === 0 ? "trailers" : "chunk";
    return undefined;
  }
}

const BOTH_LENGTHS: ParseFailure = {
  code: "protocol",
  detail: "has both a Content-Length and a Transfer-Encoding",
};

/** Two lengths, even equal ones, are how answers are smuggled past each other. */
function readLength(value: string, framing: Framing): ParseFailure | undefined {
  if (framing.length !== undefined) {
    return { code: "protocol", detail: "says its length twice" };
  }
  if (!DIGITS.test(value) || value.length > LENGTH_DIGITS_MAX) {
    return notHttp("Invalid Content-Length");
  }
  framing.length = Number(value);
  return framing.isCoded ? BOTH_LENGTHS : undefined;
}
