/**
 * Every refusal of the battery API, as one table: code → status and sentence. Codes are stable and
 * `docs/battery-api.md` explains each; a test holds the two together. `details` carry what fixes the
 * request in one round trip, and a stable `reason` where one code has several.
 */
import { logError, toApiError } from "../api/error-handling.ts";
import { type ApiError, type ErrorCode, type InvalidItem } from "../api/errors.ts";
import type { Log } from "../core/types.ts";

export const REFUSALS = {
  INVALID_REQUEST: [422, "The request is not what this operation takes."],
  UNAUTHORIZED: [401, "Send an API key as `x-api-key: KEY` or `Authorization: Bearer KEY`."],
  INVALID_API_KEY: [401, "This API key is not known, or was revoked."],
  INSUFFICIENT_PERMISSIONS: [403, "This API key may only read."],
  LIVE_ACCESS_DISABLED: [403, "Live access is not enabled for this account."],
  DEVICE_NOT_FOUND: [404, "There is no such battery in this environment."],
  NOT_FOUND: [404, "There is nothing of this id in this environment."],
  METHOD_NOT_ALLOWED: [405, "This path has no such method; the header `Allow` names those it has."],
  CONFLICT: [409, "The battery has an action that has not ended yet."],
  ACTION_NOT_CANCELLABLE: [409, "Only an action that is still scheduled can be cancelled."],
  UNSUPPORTED_MODE: [422, "This battery does not support the command."],
  UNSUPPORTED_PARAMETER: [422, "The command does not support this parameter."],
  UNSUPPORTED_UNIT: [422, "The parameter is not given in this unit."],
  PARAMETER_OUT_OF_RANGE: [422, "The value is outside of what this battery can do."],
  EXECUTION_NOT_SUPPORTED: [422, "This battery starts actions at once, one at a time."],
  START_IN_PAST: [422, "The start is in the past."],
  START_OUT_OF_RANGE: [422, "The start is too far ahead."],
  INVALID_TIME_WINDOW: [422, "The times do not make a window."],
  READ_ONLY_SETTING: [422, "This setting can only be read."],
  UNSUPPORTED_SETTING: [422, "This battery has no such setting."],
  RATE_LIMIT_EXCEEDED: [429, "Too many requests at once; try again after the given time."],
  INTERNAL_ERROR: [500, "An internal error; nothing you can fix."],
  SERVICE_UNAVAILABLE: [503, "The service cannot answer just now; try again."],
} as const;

export type RefusalCode = keyof typeof REFUSALS;
export type Details = Readonly<Record<string, unknown>>;

export interface RefusalOptions {
  message?: string;
  details?: Details;
  /** Another status than the table's; only INVALID_REQUEST has several. */
  status?: number;
  retryAfterSeconds?: number;
  headers?: Readonly<Record<string, string>>;
  cause?: unknown;
}

export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: RefusalCode;
  readonly status: number;
  readonly details: Details | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: RefusalCode, options: RefusalOptions = {}) {
    const [status, sentence] = REFUSALS[code];
    const { cause, retryAfterSeconds } = options;
    super(options.message ?? sentence, cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = options.status ?? status;
    this.details = options.details;
    this.headers = {
      ...options.headers,
      ...(retryAfterSeconds !== undefined && { "retry-after": String(retryAfterSeconds) }),
    };
  }
}

/** Reasons of INVALID_REQUEST for what is refused before a route sees it. */
const REASONS: Partial<Record<ErrorCode, string>> = {
  payload_too_large: "body.too_large",
  unsupported_media_type: "content_type.unsupported",
  uri_too_long: "uri.too_long",
  request_timeout: "request.timeout",
  bad_request: "request.malformed",
  "idempotency.malformed": "idempotency.malformed",
};

/** Whatever went wrong with a request as a refusal; what people have to look into is logged. */
export function toRefusal(error: unknown, request: { id: string; url: string }, log: Log): Refusal {
  if (error instanceof Refusal) return error;
  const apiError = toApiError(error);
  logError(log, request, apiError);
  return refusalOf(apiError);
}

/** A refusal of the shared HTTP layer in the words of this API. */
export function refusalOf(error: ApiError): Refusal {
  const { headers, cause, message } = error;
  if (error.code === "validation_failed") return invalidRequest(error.items);
  if (error.code === "unavailable") {
    return new Refusal("SERVICE_UNAVAILABLE", { message, headers, cause });
  }
  if (error.code === "not_found") return new Refusal("NOT_FOUND", { cause });
  if (error.code === "method_not_allowed") {
    return new Refusal("METHOD_NOT_ALLOWED", { headers, cause });
  }
  const reason = REASONS[error.code];
  if (reason === undefined) return new Refusal("INTERNAL_ERROR", { cause });
  const { status } = error;
  return new Refusal("INVALID_REQUEST", { message, status, headers, cause, details: { reason } });
}

function invalidRequest(items: readonly InvalidItem[]): Refusal {
  const unreadable = items.find(({ type }) => type.startsWith("json."));
  if (unreadable !== undefined) {
    const { msg, type } = unreadable;
    return new Refusal("INVALID_REQUEST", { status: 400, message: msg, details: { reason: type } });
  }
  const fields = items.map(({ loc, msg, type }) => ({
    field: loc.slice(1).join("."),
    problem: msg,
    type,
  }));
  const unknown = fields.filter(({ type }) => type === "value_error.unknown");
  const reason = unknown.length > 0 ? "field.unknown" : "field.invalid";
  return new Refusal("INVALID_REQUEST", {
    message: [...new Set(items.map(({ msg }) => msg))].join(" "),
    details: {
      reason,
      fields: fields.map(({ field, problem }) => ({ field, problem })),
      ...(unknown.length > 0 && { unknownFields: unknown.map(({ field }) => field) }),
    },
  });
}
