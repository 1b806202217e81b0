/**
 * Identifiers: a prefix and 27 base-62 characters, a KSUID with milliseconds as Svix makes them
 * (`svix-api.md` §3): 4 bytes of seconds, 1 byte of 4-ms steps, 15 random bytes. They sort by
 * creation time as plain strings in C collation.
 */
import type { UnixMs } from "./types.ts";

export type IdPrefix =
  | "org_"
  | "app_"
  | "ep_"
  | "msg_"
  | "atmpt_"
  | "dev_"
  | "act_"
  | "node_"
  | "tok_"
  | "qtask_"
  | "key_";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CODES = Uint8Array.from(ALPHABET, (character) => character.charCodeAt(0));
const EPOCH_SECONDS = 1_400_000_000;
const LENGTH = 27;
const LIMBS = 5;
export const ENTROPY_BYTES = 15;

/** Digits taken by one long division; 62^3 · 2^32 stays below 2^53, exact in a double. */
const CHUNK_DIGITS = 3;
const CHUNK = 62 ** CHUNK_DIGITS;

const limbs = new Uint32Array(LIMBS);
const PREFIX_LENGTH_MAX = 8;
/** A prefix that ends where the digits begin: one text is made, not two that V8 joins when it is first read. */
const characters = Buffer.alloc(PREFIX_LENGTH_MAX + LENGTH);
const digits = characters.subarray(PREFIX_LENGTH_MAX);

/** Writes the 160-bit number in `limbs` (big-endian 32-bit words, destroyed) as 27 base-62 digits. */
function encodeLimbs(prefix: string): string {
  let top = 0;
  for (let position = LENGTH - CHUNK_DIGITS; position >= 0; position -= CHUNK_DIGITS) {
    let remainder = 0;
    // What was divided down to nothing stays nothing.
    while (top < LIMBS && limbs[top] === 0) top += 1;
    for (let index = top; index < LIMBS; index += 1) {
      const value = remainder * 0x1_0000_0000 + (limbs[index] ?? 0);
      // Not `%`: on doubles it costs ten times a division.
      const quotient = Math.floor(value / CHUNK);
      limbs[index] = quotient;
      remainder = value - quotient * CHUNK;
    }
    const upper = (remainder / 62) | 0;
    const first = (upper / 62) | 0;
    digits[position] = CODES[first] ?? 0;
    digits[position + 1] = CODES[upper - first * 62] ?? 0;
    digits[position + 2] = CODES[remainder - upper * 62] ?? 0;
  }
  const start = PREFIX_LENGTH_MAX - prefix.length;
  for (let index = 0; index < prefix.length; index += 1) {
    characters[start + index] = prefix.charCodeAt(index);
  }
  return characters.toString("latin1", start);
}

/** Ids of the same step have no order of time. */
export const ID_STEP_MS = 4;

/** @param entropy at least 15 random bytes from `offset` on */
export function encodeId(prefix: IdPrefix, at: UnixMs, entropy: Uint8Array, offset = 0): string {
  const seconds = Math.floor(at / 1000);
  limbs[0] = seconds - EPOCH_SECONDS;
  const step = Math.floor((at - seconds * 1000) / ID_STEP_MS);
  const byte = (index: number): number => entropy[offset + index] ?? 0;
  limbs[1] = (step << 24) | (byte(0) << 16) | (byte(1) << 8) | byte(2);
  for (let limb = 2; limb < LIMBS; limb += 1) {
    const from = 3 + (limb - 2) * 4;
    limbs[limb] =
      (byte(from) << 24) | (byte(from + 1) << 16) | (byte(from + 2) << 8) | byte(from + 3);
  }
  return encodeLimbs(prefix);
}

/** The smallest id that could be made at `at`: a bound for ranges of time. None is older than 2014. */
export function firstIdAt(prefix: IdPrefix, at: UnixMs): string {
  return encodeId(prefix, Math.max(at, EPOCH_SECONDS * 1000), new Uint8Array(ENTROPY_BYTES));
}

/** When the id was made, to 4 ms; undefined when it is not such an id. */
export function timeOfId(id: string): UnixMs | undefined {
  const body = id.slice(id.lastIndexOf("_") + 1);
  if (body.length !== LENGTH) return undefined;
  let number = 0n;
  for (const character of body) {
    const digit = ALPHABET.indexOf(character);
    if (digit < 0) return undefined;
    number = number * 62n + BigInt(digit);
  }
  // 27 digits reach a little further than the 20 bytes.
  if (number >> 160n !== 0n) return undefined;
  const high = Number(number >> 120n);
  const seconds = Math.floor(high / 256) + EPOCH_SECONDS;
  return seconds * 1000 + (high % 256) * ID_STEP_MS;
}

const POOL_IDS = 256;

/** Makes ids from an injected clock and source of random bytes, drawn in blocks. */
export class IdSource {
  readonly #now: () => UnixMs;
  readonly #fill: (bytes: Uint8Array) => void;
  readonly #pool = new Uint8Array(ENTROPY_BYTES * POOL_IDS);
  #used = POOL_IDS;

  constructor(now: () => UnixMs, fillRandom: (bytes: Uint8Array) => void) {
    this.#now = now;
    this.#fill = fillRandom;
  }

  make(prefix: IdPrefix): string {
    if (this.#used === POOL_IDS) {
      this.#fill(this.#pool);
      this.#used = 0;
    }
    const offset = this.#used * ENTROPY_BYTES;
    this.#used += 1;
    return encodeId(prefix, this.#now(), this.#pool, offset);
  }
}
