/**
 * Standard Webhooks signatures, as every Svix and Standard Webhooks library verifies them
 * (`svix-api.md` §9): `v1,` + base64(HMAC-SHA256(key, `{id}.{timestamp}.{body}`)).
 */
import { createHmac } from "node:crypto";

const SECRET_PREFIX = "whsec_";
const SECRET_BYTES_MIN = 24;
const SECRET_BYTES_MAX = 75;

export type SecretCheck = { ok: true; key: Buffer } | { ok: false; message: string };

/** Decodes `whsec_…` strictly: prefix, canonical base64, 24 to 75 bytes. */
export function parseSecret(secret: string): SecretCheck {
  const expected = `expected ${SECRET_PREFIX} and base64 of ${SECRET_BYTES_MIN} to ${SECRET_BYTES_MAX} bytes`;
  if (!secret.startsWith(SECRET_PREFIX)) {
    return { ok: false, message: `The secret has the wrong prefix: ${expected}.` };
  }
  const encoded = secret.slice(SECRET_PREFIX.length);
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) {
    return { ok: false, message: `The secret is not base64: ${expected}.` };
  }
  const key = Buffer.from(encoded, "base64");
  if (key.toString("base64").replaceAll("=", "") !== encoded.replaceAll("=", "")) {
    return { ok: false, message: `The secret is not whole base64: ${expected}.` };
  }
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

/** The signature header: one entry per valid key, current first, separated by a space. */
export function signatureHeader(keys: readonly Buffer[], content: SignedContent): string {
  let header = "";
  for (const key of keys) {
    const digest = createHmac("sha256", key)
      .update(`${content.messageId}.${content.timestampSeconds}.`)
      .update(content.body)
      .digest("base64");
    header += header === "" ? `v1,${digest}` : ` v1,${digest}`;
  }
  return header;
}
