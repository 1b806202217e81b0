/**
 * JSON Web Tokens with HS256 and nothing else: one algorithm, fixed here and never chosen by the token
 * (RFC 8725). A library would bring all the others.
 */
import { createHmac, timingSafeEqual } from "node:crypto";

export type Claims = Readonly<Record<string, unknown>>;

/** A token of ours has a few hundred characters. */
const LENGTH_MAX = 8_192;
const FORM = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})$/;
const HEADER = encode({ alg: "HS256", typ: "JWT" });
/** Clocks of several nodes differ a little. */
const SKEW_SECONDS = 30;

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function digest(key: Buffer, signed: string): Buffer {
  return createHmac("sha256", key).update(signed).digest();
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

export function signToken(key: Buffer, claims: Claims): string {
  const signed = `${HEADER}.${encode(claims)}`;
  return `${signed}.${digest(key, signed).toString("base64url")}`;
}

/** The claims, when one of the keys signed them and they are valid now; `exp` is required. */
export function verifyToken(
  keys: readonly Buffer[],
  text: string,
  nowSeconds: number,
): Claims | undefined {
  const match = looksLikeToken(text) ? FORM.exec(text) : null;
  if (match === null) return undefined;
  const [, header = "", body = "", signature = ""] = match;
  const given = Buffer.from(signature, "base64url");
  const signed = `${header}.${body}`;
  // All keys are tried, whichever fits: the time tells nothing.
  const fits = keys.map((key) => timingSafeEqual(digest(key, signed), given));
  if (!fits.includes(true)) return undefined;
  const { alg, crit } = decode(header) ?? {};
  if (alg !== "HS256" || crit !== undefined) return undefined;
  const claims = decode(body);
  if (claims === undefined) return undefined;
  const { exp, nbf = 0 } = claims;
  if (typeof exp !== "number" || typeof nbf !== "number") return undefined;
  return nowSeconds < exp && nowSeconds + SKEW_SECONDS >= nbf ? claims : undefined;
}
