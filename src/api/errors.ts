/**
 * Every refusal of the webhook API, as one table, and the class that carries one. The codes are
 * stable: clients branch on them (`svix-api.md` §4, reasons of the bad-input table). Refusals made
 * before a route is known (body, content type, key) are shared with the battery API.
 */

/** Code → status. 422 is rendered as a list of items, everything else as `{code, detail}`. */
export const ERROR_STATUS = {
  bad_request: 400,
  generic_error: 400,
  "idempotency.malformed": 400,
  invalid_range: 400,
  invalid_scheme: 400,
  limit_reached: 400,
  missing_payload: 400,
  "bad token": 400,
  bad_token: 400,
  authentication_failed: 401,
  "insufficient access": 403,
  not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  conflict: 409,
  default_application: 409,
  endpoint_disabled: 409,
  event_type_exists: 409,
  "idempotency.in_progress": 409,
  "limit.endpoints": 409,
  payload_too_large: 413,
  uri_too_long: 414,
  unsupported_media_type: 415,
  validation_failed: 422,
  rate_limited: 429,
  headers_too_large: 431,
  server_error: 500,
  not_implemented: 501,
  unavailable: 503,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

/** One thing wrong with the input. `loc` leads to it: `["body", "eventTypes", "[0]"]`. */
export interface InvalidItem {
  loc: string[];
  msg: string;
  type: string;
}

export interface ApiErrorOptions {
  cause?: unknown;
  /** For 429, 409 and 503: when to come back. */
  retryAfterSeconds?: number;
  /** For 405. */
  allow?: string;
  /** For 422. */
  items?: InvalidItem[];
}

export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: ErrorCode;
  readonly status: number;
  readonly items: readonly InvalidItem[];
  /** Response headers that belong to the refusal. */
  readonly headers: Readonly<Record<string, string>>;

  /** @param detail what is wrong and what would be accepted, for people; never a secret */
  constructor(code: ErrorCode, detail: string, options: ApiErrorOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = ERROR_STATUS[code];
    this.items = options.items ?? [];
    this.headers = {
      ...(options.retryAfterSeconds !== undefined && {
        "retry-after": String(options.retryAfterSeconds),
      }),
      ...(options.allow !== undefined && { allow: options.allow }),
    };
  }
}

/** 422 with every item at fault. */
export function invalid(items: InvalidItem[]): ApiError {
  return new ApiError("validation_failed", items.map((item) => item.msg).join(" "), { items });
}

/** 422 about one place of the input. */
export function invalidAt(loc: string[], msg: string, type = "value_error"): ApiError {
  return invalid([{ loc, msg, type }]);
}

/** 404 for what is not there, is deleted, or belongs to another environment: all look alike. */
export function notFound(what: string): ApiError {
  return new ApiError("not_found", `${what} not found.`);
}

/** The body of a refusal in the webhook API. */
export function renderError(error: ApiError): unknown {
  if (error.status !== 422) return { code: error.code, detail: error.message };
  return { detail: error.items };
}
