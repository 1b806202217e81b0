/**
 * What an endpoint's messages are signed with, in the forms of Standard Webhooks (`svix-api.md` §8.3): a shared
 * secret `whsec_…` (HMAC-SHA256), or the private half of an ed25519 key pair `whsk_…`, whose public half
 * `whpk_…` is all that the receiver needs and all that is ever shown.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { HmacKey } from "./hmac-key.ts";
import { decodeKey, parseSecret, type SigningKey } from "./signature.ts";

export type SecretType = "hmac256" | "ed25519";

export type SigningSecret =
  | { ok: true; type: SecretType; key: SigningKey }
  | { ok: false; message: string };

const PRIVATE_PREFIX = "whsk_";
const PUBLIC_PREFIX = "whpk_";
export const SEED_BYTES = 32;
const PAIR_BYTES = 64;
/** What PKCS #8 says before the seed of an ed25519 key (RFC 8410 §7). */
const PKCS8_LEAD = Buffer.from("302e020100300506032b657004220420", "hex");

function privateKeyOf(seed: Uint8Array): KeyObject {
  const key = Buffer.concat([PKCS8_LEAD, seed]);
  return createPrivateKey({ key, format: "der", type: "pkcs8" });
}

function publicBytesOf(key: KeyObject): Buffer {
  return Buffer.from(createPublicKey(key).export({ format: "jwk" }).x ?? "", "base64url");
}

/** `whsk_` and base64 of the seed, alone or with its public key behind it, as Svix writes it. */
function parsePrivateKey(secret: string): SigningSecret {
  const expected = `expected ${PRIVATE_PREFIX} and base64 of a seed of 32 bytes, or of seed and public key, 64 bytes`;
  const decoded = decodeKey(secret.slice(PRIVATE_PREFIX.length));
  if (!decoded.ok) return { ok: false, message: `The key ${decoded.problem}: ${expected}.` };
  const { bytes } = decoded;
  if (bytes.length !== SEED_BYTES && bytes.length !== PAIR_BYTES) {
    return { ok: false, message: `The key has ${bytes.length} bytes: ${expected}.` };
  }
  const key = privateKeyOf(bytes.subarray(0, SEED_BYTES));
  if (bytes.length === PAIR_BYTES && !publicBytesOf(key).equals(bytes.subarray(SEED_BYTES))) {
    const message = `The second half of the key is not the public key of its first: ${expected}.`;
    return { ok: false, message };
  }
  return { ok: true, type: "ed25519", key };
}

/** Either form, strictly. */
export function parseSigningSecret(secret: string): SigningSecret {
  if (secret.startsWith(PRIVATE_PREFIX)) return parsePrivateKey(secret);
  if (secret.startsWith(PUBLIC_PREFIX)) {
    const message = `The secret is a public key: signing needs the private one, ${PRIVATE_PREFIX} and base64.`;
    return { ok: false, message };
  }
  const parsed = parseSecret(secret);
  return parsed.ok ? { ok: true, type: "hmac256", key: new HmacKey(parsed.key) } : parsed;
}

/** @param seed 32 random bytes */
export function formatPrivateKey(seed: Uint8Array): string {
  const pair = Buffer.concat([seed, publicBytesOf(privateKeyOf(seed))]);
  return PRIVATE_PREFIX + pair.toString("base64");
}

/** What the receiver verifies with: the shared secret as it was given, or the public key. */
export function verifyingKey(secret: string): { type: SecretType; key: string } {
  if (!secret.startsWith(PRIVATE_PREFIX)) return { type: "hmac256", key: secret };
  const seed = Buffer.from(secret.slice(PRIVATE_PREFIX.length), "base64").subarray(0, SEED_BYTES);
  const key = PUBLIC_PREFIX + publicBytesOf(privateKeyOf(seed)).toString("base64");
  return { type: "ed25519", key };
}
