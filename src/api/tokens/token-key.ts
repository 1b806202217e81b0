/**
 * Keys of bearer tokens. A key belongs to one algorithm, which the operator chose: what a token says of itself
 * only has to agree (RFC 8725, 3.1), so a public key is never taken for a secret, nor `none` for anything.
 */
import { createHmac, type KeyObject, sign, timingSafeEqual, verify } from "node:crypto";
import { type JwtAlgorithm, jwtDigest } from "../../core/jwt-algorithm.ts";

export interface TokenKey {
  algorithm: JwtAlgorithm;
  /** Undefined: a public key, which only verifies. */
  sign: ((text: string) => Buffer) | undefined;
  verifies: (text: string, signature: Buffer) => boolean;
}

/** @param algorithm one of HS… */
export function secretKey(algorithm: JwtAlgorithm, secret: Buffer): TokenKey {
  const digest = jwtDigest(algorithm);
  if (digest === undefined) throw new Error(`${algorithm} has no secret.`);
  const make = (text: string): Buffer => createHmac(digest, secret).update(text).digest();
  return {
    algorithm,
    sign: make,
    verifies: (text, signature) => {
      const expected = make(text);
      return expected.length === signature.length && timingSafeEqual(expected, signature);
    },
  };
}

/** @param algorithm one of RS… or EdDSA, and `key` of its kind */
export function pairKey(algorithm: JwtAlgorithm, key: KeyObject): TokenKey {
  const digest = jwtDigest(algorithm);
  return {
    algorithm,
    sign: key.type === "private" ? (text) => sign(digest, Buffer.from(text), key) : undefined,
    verifies: (text, signature) => verify(digest, Buffer.from(text), key, signature),
  };
}
