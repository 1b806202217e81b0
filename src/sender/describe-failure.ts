/**
 * Errors of sockets, TLS and the HTTP client, in the closed set of `SendErrorCode` and in words.
 * The messages are stored with the attempt and shown to users: who, what, after how long.
 */
import { errors } from "undici";

import type { SendErrorCode } from "../core/send-result.ts";
import { ConnectFailure } from "./connect-failure.ts";

export interface Failure {
  code: SendErrorCode;
  message: string;
}

export interface FailureContext {
  /** `host:port`, as in the URL or as connected. */
  peer: string;
  elapsedMs: number;
  /** Status and headers had already arrived. */
  answered: boolean;
}

const UNREACHABLE = new Set(["EHOSTUNREACH", "ENETUNREACH", "EADDRNOTAVAIL", "EHOSTDOWN"]);
const NO_SOCKET = new Set(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"]);
const RESET = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED", "UND_ERR_SOCKET"]);
const CLOSED = new Set(["UND_ERR_DESTROYED", "UND_ERR_CLOSED", "UND_ERR_ABORTED"]);

/** "2 ms", "1.5 s", "30 s". */
export function inWords(durationMs: number): string {
  if (durationMs < 1_000) return `${Math.round(durationMs)} ms`;
  return `${Math.round(durationMs / 100) / 10} s`;
}

/** The `code` of a system, TLS or client error; empty when it has none. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error) || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}

/** Before a connection stood: what the operating system said. */
export function describeConnectError(error: unknown, context: FailureContext): Failure {
  const { peer, elapsedMs } = context;
  const code = codeOf(error);
  const after = `after ${inWords(elapsedMs)}`;
  if (code === "ECONNREFUSED") {
    return { code: "refused", message: `Connection refused by ${peer} ${after}.` };
  }
  if (code === "ETIMEDOUT") {
    return { code: "timeout", message: `No connection to ${peer} ${after}.` };
  }
  if (UNREACHABLE.has(code)) {
    return { code: "unreachable", message: `No route to ${peer} (${code}) ${after}.` };
  }
  if (NO_SOCKET.has(code)) {
    return { code: "no_socket", message: `This machine has no socket to spare (${code}).` };
  }
  if (RESET.has(code)) {
    return { code: "reset", message: `Connection closed by ${peer} ${after}, before any answer.` };
  }
  const detail = error instanceof Error ? error.message : String(error);
  return { code: "unreachable", message: `No connection to ${peer} ${after}: ${detail}.` };
}

function describeBroken(error: unknown, context: FailureContext): Failure {
  const { peer, elapsedMs, answered } = context;
  const detail = error instanceof Error ? error.message : "";
  // The client's only sign of an unasked 100 or 101: a socket error with one of these texts.
  if (detail === "bad response" || detail === "bad upgrade") {
    return {
      code: "protocol",
      message: `${peer} answered with an interim status nobody asked for.`,
    };
  }
  const when = answered ? "in the middle of its answer" : "before any answer";
  return {
    code: "reset",
    message: `Connection closed by ${peer} after ${inWords(elapsedMs)}, ${when}.`,
  };
}

/** Why a request that was handed to the HTTP client came back without a whole response. */
export function describeFailure(error: unknown, context: FailureContext): Failure {
  if (error instanceof ConnectFailure) return { code: error.failure, message: error.message };
  const code = codeOf(error);
  const { peer } = context;
  if (RESET.has(code)) return describeBroken(error, context);
  if (code === "UND_ERR_HEADERS_OVERFLOW") {
    return { code: "too_large", message: `The response headers of ${peer} exceed 16 KiB.` };
  }
  if (code === "UND_ERR_RES_CONTENT_LENGTH_MISMATCH") {
    const message = `The answer of ${peer} does not have the length that its headers say.`;
    return { code: "protocol", message };
  }
  if (error instanceof errors.HTTPParserError) {
    const detail = /\((.*)\)$/.exec(error.message)?.[1] ?? error.message;
    return { code: "protocol", message: `The answer of ${peer} is not HTTP/1.1: ${detail}.` };
  }
  if (code === "UND_ERR_INVALID_ARG" || code === "UND_ERR_NOT_SUPPORTED") {
    const detail = error instanceof Error ? error.message : "";
    return { code: "invalid_header", message: `The request cannot be sent: ${detail}.` };
  }
  if (CLOSED.has(code)) return { code: "aborted", message: "The sender was closed." };
  return describeConnectError(error, context);
}
