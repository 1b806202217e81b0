/**
 * The headers a user may add to the deliveries of an endpoint. Refused are names that frame the
 * request, that we sign or set ourselves, and that unlock cloud metadata services or proxies.
 */

export type CustomHeadersProblem =
  | "header.name"
  | "header.value"
  | "header.reserved"
  | "header.count";

export type CustomHeadersResult =
  | { ok: true; headers: Record<string, string> }
  /** `name`: the header at fault, absent when it is their number. */
  | { ok: false; type: CustomHeadersProblem; name?: string; message: string };

export const CUSTOM_HEADERS_MAX = 50;
export const HEADER_VALUE_BYTES_MAX = 4096;
const HEADER_NAME_LENGTH_MAX = 256;

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** ASCII and tab: what every HTTP library on the way agrees about; one character is one byte. */
const VALUE = /^[\t\x20-\x7e]*$/;

const RESERVED: ReadonlySet<string> = new Set([
  // Framing and hop-by-hop.
  "host",
  "connection",
  "keep-alive",
  "te",
  "trailer",
  "trailers",
  "transfer-encoding",
  "upgrade",
  "expect",
  "content-length",
  "content-type",
  "content-encoding",
  "content-language",
  "content-location",
  // Ours to set.
  "user-agent",
  "webhook-id",
  "webhook-timestamp",
  "webhook-signature",
  "traceparent",
  "tracestate",
  // Without meaning on a request, or a way to poison caches.
  "age",
  "cache-control",
  "clear-site-data",
  "expires",
  "pragma",
  "warning",
  // Metadata services.
  "metadata",
  "metadata-flavor",
]);

const RESERVED_PREFIXES: readonly string[] = [
  "proxy-",
  "svix-",
  "x-svix-",
  "amps-",
  "x-amz-",
  "x-amzn-",
  "x-aws-ec2-metadata-token",
  "x-aliyun-ecs-metadata-",
  "x-google",
  "x-goog-",
  "x-gfe",
  "x-azure-",
  "x-fd-",
];

const SENSITIVE: ReadonlySet<string> = new Set([
  "authorization",
  "x-auth-token",
  "x-api-key",
  "www-authenticate",
]);

/** Whether a value is never read back, only named. */
export function isSensitiveHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return SENSITIVE.has(lower) || lower.startsWith("proxy-");
}

function isReserved(lower: string): boolean {
  return RESERVED.has(lower) || RESERVED_PREFIXES.some((prefix) => lower.startsWith(prefix));
}

function checkHeader(name: string, value: unknown): CustomHeadersResult | undefined {
  if (!TOKEN.test(name) || name.length > HEADER_NAME_LENGTH_MAX) {
    const message = "A header name is made of letters, digits and !#$%&'*+-.^_`|~, at most 256.";
    return { ok: false, type: "header.name", name, message };
  }
  if (isReserved(name.toLowerCase())) {
    const message = `The header ${name} is reserved; choose another name.`;
    return { ok: false, type: "header.reserved", name, message };
  }
  if (typeof value !== "string" || !VALUE.test(value) || value.length > HEADER_VALUE_BYTES_MAX) {
    const limit = `at most ${HEADER_VALUE_BYTES_MAX} bytes`;
    const message = `The value of ${name} must be a string of printable ASCII, ${limit}.`;
    return { ok: false, type: "header.value", name, message };
  }
  return undefined;
}

/** Checks a whole set of custom headers; letter case and order are kept as they will be sent. */
export function checkCustomHeaders(raw: unknown): CustomHeadersResult {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
    const message = "Headers are an object of names and string values.";
    return { ok: false, type: "header.value", message };
  }
  const entries = Object.entries(raw);
  if (entries.length > CUSTOM_HEADERS_MAX) {
    const message = `At most ${CUSTOM_HEADERS_MAX} custom headers are accepted.`;
    return { ok: false, type: "header.count", message };
  }
  const seen = new Set<string>();
  for (const [name, value] of entries) {
    const problem = checkHeader(name, value);
    if (problem !== undefined) return problem;
    if (seen.has(name.toLowerCase())) {
      const message = `The header ${name} is given twice in different letter case.`;
      return { ok: false, type: "header.name", name, message };
    }
    seen.add(name.toLowerCase());
  }
  return { ok: true, headers: Object.fromEntries(entries) };
}
