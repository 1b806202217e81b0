/**
 * Turns whatever went wrong into a refusal: our own, the framework's, the database's. Everything
 * unknown is a bug: logged with its cause, answered without it.
 */
import type { FastifyError, FastifyReply } from "fastify";
import type { Log } from "../core/types.ts";
import { sqlState } from "../storage/storage.ts";
import { ApiError, type ErrorCode, renderError } from "./errors.ts";
import { BODY_BYTES_MAX } from "./body-parser.ts";
import { writeJson } from "./json-text.ts";
import { pathOf } from "./request.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";

const FRAMEWORK: Record<string, [ErrorCode, string]> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ["payload_too_large", `A body has at most ${BODY_BYTES_MAX} bytes.`],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    "unsupported_media_type",
    "A body must have the content type application/json.",
  ],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ["bad_request", "The body is not as long as announced."],
  FST_ERR_BAD_URL: ["bad_request", "The path is not valid percent-encoding."],
  FST_ERR_MAX_PARAM_LENGTH: ["not_found", "No id or uid is that long."],
};

const RETRY_AFTER_SECONDS = 1;
/**
 * The connection broke, the server starts, stops or is full (SQLSTATE classes 08, 53 and 57P), is
 * read-only, or the commit is uncertain: not said to be done, and safe to ask for again.
 */
const UNAVAILABLE = /^(?:08|53|57P|25006|40003|57014)/;
const SOCKET = new Set(["ECONNREFUSED", "ECONNRESET", "ENOENT", "EPIPE", "ETIMEDOUT", "ENOTFOUND"]);
const POOL = /timeout exceeded when trying to connect|Connection terminated|Client has encountered/;

function isUnavailable(error: unknown): boolean {
  const code = sqlState(error);
  if (code !== undefined && (UNAVAILABLE.test(code) || SOCKET.has(code))) return true;
  return error instanceof Error && POOL.test(error.message);
}

function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as Partial<FastifyError>;
  return typeof code === "string" ? code : "";
}

/** Any error as a refusal. `server_error` means a bug: log it. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const known = FRAMEWORK[codeOf(error)];
  if (known !== undefined) return new ApiError(known[0], known[1], { cause: error });
  if (isUnavailable(error)) {
    const detail = "The database does not answer just now; try again.";
    return new ApiError("unavailable", detail, {
      cause: error,
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
  }
  const { statusCode } = (error ?? {}) as Partial<FastifyError>;
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new ApiError("bad_request", "The request cannot be read.", { cause: error });
  }
  return new ApiError("server_error", "An internal error; nothing you can fix.", { cause: error });
}

/** Logs what people have to look into; refusals of ordinary mistakes are only counted as requests. */
export function logError(log: Log, request: { id: string; url: string }, error: ApiError): void {
  if (error.status < 500 || error.status === 501) return;
  const fields = { err: error.cause, requestId: request.id, path: pathOf(request.url) };
  if (error.status === 503) {
    // Without a cause it was our own choice: those are counted, for they come by the thousand.
    if (error.cause !== undefined) log.warn(fields, "A request was turned away.");
    return;
  }
  log.error(fields, "A request failed because of a bug.");
}

/** Sends a refusal in the shape of the webhook API. */
export function sendError(reply: FastifyReply, error: ApiError): FastifyReply {
  return reply
    .code(error.status)
    .headers(error.headers)
    .header("content-type", "application/json")
    .serializer(writeJson)
    .send(renderError(error));
}

const SECURITY_LINES = Object.entries(SECURITY_HEADERS)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join("");

interface ClientSocket {
  writable: boolean;
  destroy(): void;
  end(text: string): void;
}

const CLIENT_ERRORS: Record<string, [code: ErrorCode, reason: string, detail: string]> = {
  HPE_HEADER_OVERFLOW: [
    "headers_too_large",
    "Request Header Fields Too Large",
    "The request headers have at most 16 KiB.",
  ],
  ERR_HTTP_REQUEST_TIMEOUT: ["request_timeout", "Request Timeout", "The request came too slowly."],
};

/** Answers what is not even HTTP, and closes. */
export function answerClientError(error: { code: string }, socket: ClientSocket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const [code, reason, detail] = CLIENT_ERRORS[error.code] ?? [
    "bad_request",
    "Bad Request",
    "The request is not valid HTTP.",
  ];
  const refusal = new ApiError(code, detail);
  const body = JSON.stringify(renderError(refusal));
  socket.end(
    `HTTP/1.1 ${refusal.status} ${reason}\r\nconnection: close\r\n` +
      `${SECURITY_LINES}content-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
