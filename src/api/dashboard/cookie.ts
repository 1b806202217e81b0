/** The cookie that carries a session: only for this host, out of reach of scripts. */

const NAME = "amps-session";
/** Browsers take it only with Secure, for this very host and every path. */
const SECURE_NAME = `__Host-${NAME}`;
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

export interface CookieOptions {
  /** People come by https. */
  secure: boolean;
}

function write(value: string, maxAgeSeconds: number, { secure }: CookieOptions): string {
  const attributes = `Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax`;
  return `${secure ? SECURE_NAME : NAME}=${value}; ${attributes}${secure ? "; Secure" : ""}`;
}

export function writeSessionCookie(
  token: string,
  lifetimeSeconds: number,
  options: CookieOptions,
): string {
  return write(token, lifetimeSeconds, options);
}

export function clearSessionCookie(options: CookieOptions): string {
  return write("", 0, options);
}

/** The token in a `cookie` header; undefined without one, or with several, of which none is trusted. */
export function readSessionCookie(
  header: string | undefined,
  { secure }: CookieOptions,
): string | undefined {
  const name = secure ? SECURE_NAME : NAME;
  const values = (header ?? "").split(";").flatMap((pair) => {
    const [key = "", value = ""] = pair.split(/=(.*)/s);
    return key.trim() === name ? [value.trim()] : [];
  });
  const [token] = values;
  return values.length === 1 && token !== undefined && TOKEN.test(token) ? token : undefined;
}
