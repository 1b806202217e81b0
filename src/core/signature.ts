/**
 * Standard Webhooks signatures, as every Svix and Standard Webhooks library verifies them
 * (`svix-api.md` §9) over `{id}.{timestamp}.{body}`: `v1,` + base64(HMAC-SHA256), or, with an ed25519 key,
 * `v1a,` + base64(signature).
 *
 * Of a body of 350 bytes (one core, Node 26, OpenSSL 3) an ed25519 signature takes 37 µs. Rejected: reading the
 * private key anew for each (400 µs), and signing in the thread pool (40 µs of CPU in all, and four threads that name
 * look-ups need as well).
 */
import { type KeyObject, sign } from "node:crypto";
import { HmacKey } from "./hmac-key.ts";

/** Of a shared secret, or an ed25519 private key. */
export type SigningKey = HmacKey | KeyObject;

const SECRET_PREFIX = "whsec_";
const SECRET_BYTES_MIN = 24;
const SECRET_BYTES_MAX = 75;

export type SecretCheck = { ok: true; key: Buffer } | { ok: false; message: string };

/** Base64 in its one canonical form, padded or not. */
export function decodeKey(
  encoded: string,
): { ok: true; bytes: Buffer } | { ok: false; problem: string } {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return { ok: false, problem: "is not base64" };
  const bytes = Buffer.from(encoded, "base64");
  const whole = bytes.toString("base64").replaceAll("=", "") === encoded.replaceAll("=", "");
  return whole ? { ok: true, bytes } : { ok: false, problem: "is not whole base64" };
}

/** Decodes `whsec_…` strictly: prefix, canonical base64, 24 to 75 bytes. */
export function parseSecret(secret: string): SecretCheck {
  const expected = `expected ${SECRET_PREFIX} and base64 of ${SECRET_BYTES_MIN} to ${SECRET_BYTES_MAX} bytes`;
  if (!secret.startsWith(SECRET_PREFIX)) {
    return { ok: false, message: `The secret has the wrong prefix: ${expected}.` };
  }
  const decoded = decodeKey(secret.slice(SECRET_PREFIX.length));
  if (!decoded.ok) return { ok: false, message: `The secret ${decoded.problem}: ${expected}.` };
  const key = decoded.bytes;
  if (key.length < SECRET_BYTES_MIN || key.length > SECRET_BYTES_MAX) {
    return { ok: false, message: `The secret has ${key.length} bytes: ${expected}.` };
  }
  return { ok: true, key };
}

/** @param random 24 random bytes */
export function formatSecret(random: Uint8Array): string {
  return SECRET_PREFIX + Buffer.from(random).toString("base64");
}

export interface SignedContent {
  messageId: string;
  /** Unix seconds of this attempt. */
  timestampSeconds: number;
  body: Uint8Array;
}

/** One entry of the header. */
function signatureOf(key: SigningKey, content: SignedContent): string {
  const lead = `${content.messageId}.${content.timestampSeconds}.`;
  if (key instanceof HmacKey) return `v1,${key.sign(lead, content.body)}`;
  // Ed25519 reads what it signs twice, so it takes it in one piece.
  const signed = Buffer.concat([Buffer.from(lead), content.body]);
  return `v1a,${sign(null, signed, key).toString("base64")}`;
}

/** The signature header: one entry per valid key, current first, separated by a space. */
export function signatureHeader(keys: readonly SigningKey[], content: SignedContent): string {
  let header = "";
  for (const key of keys) {
    const signature = signatureOf(key, content);
    header += header === "" ? signature : ` ${signature}`;
  }
  return header;
}
