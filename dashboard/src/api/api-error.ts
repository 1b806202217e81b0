/** Every way a call can fail, in one shape: what happened, and what to do. */

interface InvalidItem {
  loc: string[];
  msg: string;
}

export interface ApiErrorInit {
  /** 0: no answer came. */
  status: number;
  code: string;
  /** What the server said. */
  detail: string;
  items?: readonly InvalidItem[];
  /** What the battery API adds, by code. */
  details?: Readonly<Record<string, unknown>> | undefined;
  retryAfterSeconds?: number | undefined;
  requestId?: string | undefined;
}

const ADVICE: Record<number, string> = {
  0: "Is the server running? Your changes were not saved; try again.",
  401: "Your session has ended. Log in again.",
  403: "You are not allowed to do this here.",
  404: "It may have been deleted, or belong to the other environment.",
  409: "Something changed meanwhile. Reload and try again.",
  413: "Send less at once.",
  429: "Wait a moment, then try again.",
  500: "This is a fault of the server; its log has more under the request id.",
  501: "This server does not have that yet.",
  503: "The server is short of something just now. Try again in a moment.",
};

const TITLES: Record<number, string> = {
  0: "The server cannot be reached",
  401: "You are logged out",
  403: "Not allowed",
  404: "Not found",
  409: "In conflict with what is there",
  422: "Something is not right yet",
  429: "Too many requests",
  500: "The server failed",
  501: "Not available",
  503: "The server is busy",
};

export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly items: readonly InvalidItem[];
  readonly details: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds: number | undefined;
  readonly requestId: string | undefined;

  constructor(init: ApiErrorInit, options?: ErrorOptions) {
    super(init.detail, options);
    this.status = init.status;
    this.code = init.code;
    this.detail = init.detail;
    this.items = init.items ?? [];
    this.details = init.details ?? {};
    this.retryAfterSeconds = init.retryAfterSeconds;
    this.requestId = init.requestId;
  }

  get title(): string {
    return TITLES[this.status] ?? (this.status >= 500 ? "The server failed" : "Refused");
  }

  /** What to do; undefined where the server's own words say it. */
  get advice(): string | undefined {
    return ADVICE[this.status] ?? (this.status >= 500 ? ADVICE[500] : undefined);
  }

  /** Worth asking again unchanged. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  /** What is wrong with one field of a form, or below it: `url`, `action.parameters.power`. */
  fieldError(field: string): string | undefined {
    const found = this.items.filter(({ loc: [part, ...path] }) => {
      return part === "body" && `${path.join(".")}.`.startsWith(`${field}.`);
    });
    return found.length === 0 ? undefined : found.map(({ msg }) => msg).join(" ");
  }
}

interface BatteryProblem {
  field?: string;
  /** Of one of `problems`. */
  message?: string;
  /** Of one of `fields`. */
  problem?: string;
}

interface BatteryDetails extends BatteryProblem {
  fields?: BatteryProblem[];
  problems?: BatteryProblem[];
}

interface ErrorBody {
  code?: string;
  detail?: string | InvalidItem[];
  error?: { code?: string; message?: string; details?: BatteryDetails };
}

/** The battery API names fields in its details: all of them, or the only one. */
function itemsOf({ message = "", details = {} }: NonNullable<ErrorBody["error"]>): InvalidItem[] {
  const problems = details.problems ?? details.fields ?? [details];
  return problems.flatMap(({ field, message: said, problem }) =>
    field === undefined
      ? []
      : [{ loc: ["body", ...field.split(".")], msg: said ?? problem ?? message }],
  );
}

/** Both APIs' shapes of refusal. */
export function readError(response: Response, body: unknown): ApiError {
  const { code, detail, error } = (typeof body === "object" ? (body ?? {}) : {}) as ErrorBody;
  const items = Array.isArray(detail) ? detail : itemsOf(error ?? {});
  const said = Array.isArray(detail) ? items.map(({ msg }) => msg).join(" ") : detail;
  const retryAfter = Number(response.headers.get("retry-after") ?? Number.NaN);
  return new ApiError({
    status: response.status,
    code: code ?? error?.code ?? "unknown",
    detail: said ?? error?.message ?? `The server answered ${response.status}.`,
    items,
    details: error?.details as Record<string, unknown> | undefined,
    retryAfterSeconds: Number.isNaN(retryAfter) ? undefined : retryAfter,
    requestId: response.headers.get("x-request-id") ?? undefined,
  });
}

/** Anything that was thrown, in words for a toast or a page. */
export function inWords(error: unknown): { title: string; detail: string; advice?: string } {
  if (!(error instanceof ApiError)) {
    const detail = error instanceof Error ? error.message : String(error);
    return { title: "This page failed", detail, advice: "Reload the page." };
  }
  const { title, detail, advice } = error;
  return { title, detail, ...(advice !== undefined && { advice }) };
}
