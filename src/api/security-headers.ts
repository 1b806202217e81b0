/**
 * Headers of every answer. They are the strictest; a page that needs more says so with its own
 * `content-security-policy` and `cache-control`.
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

const YEAR_SECONDS = 31_536_000;
const NONE: Readonly<Record<string, string>> = {};

/** Only where people come by https; over plain http browsers ignore it. */
export function strictTransport(publicUrl: string): Readonly<Record<string, string>> {
  if (!publicUrl.startsWith("https:")) return NONE;
  return { "strict-transport-security": `max-age=${YEAR_SECONDS}` };
}
