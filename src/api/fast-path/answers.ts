/** Writes whole answers, with the very headers that the usual way gives them. */
import type { Clock } from "../../core/types.ts";
import { writeJson } from "../json-text.ts";
import { SECURITY_HEADERS, strictTransport } from "../security-headers.ts";
import type { FastResult, FastRoute } from "./route.ts";

/** Of what a request can come to once it is begun. */
const REASONS: Readonly<Record<number, string>> = {
  202: "Accepted",
  400: "Bad Request",
  409: "Conflict",
  422: "Unprocessable Entity",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

export interface Answer {
  text: string;
  /** ASCII is written faster when it is known to be. */
  encoding: "latin1" | "utf8";
}

export interface AnswersOptions {
  clock: Clock;
  publicUrl: () => string;
  keepAliveMs: number;
  /** Whether answers are the last on their connections. */
  isClosing: () => boolean;
}

function linesOf(headers: Readonly<Record<string, string>>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");
}

export class Answers {
  readonly #options: AnswersOptions;
  readonly #keepAlive: string;
  readonly #ofRoutes = new Map<FastRoute, string>();
  #second = -1;
  #publicUrl = "";
  /** Of all answers within a second. */
  #common = "";

  constructor(options: AnswersOptions) {
    this.#options = options;
    const seconds = Math.floor(options.keepAliveMs / 1_000);
    this.#keepAlive = `Connection: keep-alive\r\nKeep-Alive: timeout=${seconds}\r\n\r\n`;
  }

  write(route: FastRoute, result: FastResult): Answer {
    const { status, headers } = result;
    const body = writeJson(result.body);
    const bytes = Buffer.byteLength(body);
    const encoding = bytes === body.length ? "latin1" : "utf8";
    const connection = this.#options.isClosing() ? "connection: close\r\n\r\n" : this.#keepAlive;
    const text =
      `HTTP/1.1 ${status} ${REASONS[status] ?? ""}\r\n${this.#commonLines()}` +
      `${this.#routeLines(route)}${headers === undefined ? "" : linesOf(headers)}` +
      `content-length: ${bytes}\r\n` +
      `${connection}${body}`;
    return { text, encoding };
  }

  #routeLines(route: FastRoute): string {
    const known = this.#ofRoutes.get(route);
    if (known !== undefined) return known;
    const lines = linesOf(route.headers);
    this.#ofRoutes.set(route, lines);
    return lines;
  }

  #commonLines(): string {
    const now = this.#options.clock.now();
    const second = Math.floor(now / 1_000);
    const publicUrl = this.#options.publicUrl();
    if (second !== this.#second || publicUrl !== this.#publicUrl) {
      this.#second = second;
      this.#publicUrl = publicUrl;
      this.#common =
        linesOf({ ...SECURITY_HEADERS, ...strictTransport(publicUrl) }) +
        `Date: ${new Date(now).toUTCString()}\r\n`;
    }
    return this.#common;
  }
}
