/**
 * Errors of sockets and TLS in the closed set of `SendErrorCode` and in words. The messages are stored
 * with the attempt and shown to users: who, what, after how long.
 */
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
const RESET = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED"]);

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

/** Why a request came back without a whole response; undefined: the receiver closed the connection. */
export function describeFailure(error: unknown, context: FailureContext): Failure {
  if (error instanceof ConnectFailure) return { code: error.failure, message: error.message };
  if (error !== undefined && !RESET.has(codeOf(error))) return describeConnectError(error, context);
  const { peer, elapsedMs, answered } = context;
  const when = answered ? "in the middle of its answer" : "before any answer";
  const after = `after ${inWords(elapsedMs)}`;
  return { code: "reset", message: `Connection closed by ${peer} ${after}, ${when}.` };
}
