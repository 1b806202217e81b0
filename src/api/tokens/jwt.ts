/**
 * JSON Web Tokens. The algorithm is that of the key, never chosen by the token (RFC 8725); a library would
 * bring the choice back, and encryption.
 */
import type { TokenKey } from "./token-key.ts";

export type Claims = Readonly<Record<string, unknown>>;

/** A token of ours has a few hundred characters. */
const LENGTH_MAX = 8_192;
const FORM = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43,1366})$/;
/** Clocks of several nodes differ a little. */
const SKEW_SECONDS = 30;

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function decode(part: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    const plain = typeof value === "object" && value !== null && !Array.isArray(value);
    // Any JSON object is a map of unknowns.
    return plain ? (value as Claims) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether `text` is to be read as a token rather than as a key. */
export function looksLikeToken(text: string): boolean {
  return text.length <= LENGTH_MAX && FORM.test(text);
}

/** @throws when the key only verifies */
export function signToken(key: TokenKey, claims: Claims): string {
  if (key.sign === undefined) throw new Error("A public key cannot sign tokens.");
  const signed = `${encode({ alg: key.algorithm, typ: "JWT" })}.${encode(claims)}`;
  return `${signed}.${key.sign(signed).toString("base64url")}`;
}

/** The claims, when one of the keys signed them and they are valid now; `exp` is required. */
export function verifyToken(
  keys: readonly TokenKey[],
  text: string,
  nowSeconds: number,
): Claims | undefined {
  const match = looksLikeToken(text) ? FORM.exec(text) : null;
  if (match === null) return undefined;
  const [, header = "", body = "", signature = ""] = match;
  const given = Buffer.from(signature, "base64url");
  const signed = `${header}.${body}`;
  const { alg, crit } = decode(header) ?? {};
  if (crit !== undefined) return undefined;
  // All keys of this algorithm are tried, whichever fits: the time tells nothing.
  const fits = keys
    .filter((key) => key.algorithm === alg)
    .map((key) => key.verifies(signed, given));
  if (!fits.includes(true)) return undefined;
  const claims = decode(body);
  if (claims === undefined) return undefined;
  const { exp, nbf = 0 } = claims;
  if (typeof exp !== "number" || typeof nbf !== "number") return undefined;
  return nowSeconds < exp && nowSeconds + SKEW_SECONDS >= nbf ? claims : undefined;
}
