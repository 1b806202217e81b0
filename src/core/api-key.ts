/** What an API key looks like: a prefix that names the environment, and random characters. */
import { createHash } from "node:crypto";
import type { EnvironmentMode } from "./types.ts";

export const KEY_BYTES = 32;
const HINT_TAIL = 4;

/** @param random 256 bits */
export function encodeKey(mode: EnvironmentMode, random: Buffer): string {
  return (mode === "sandbox" ? "sk_test_" : "sk_live_") + random.toString("base64url");
}

/** What is stored of a key: enough random bits that nothing slower is needed. */
export function hashOfKey(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}

/** `sk_test_…Wx4z` */
export function hintOfKey(key: string): string {
  return `${key.slice(0, key.indexOf("_", 3) + 1)}…${key.slice(-HINT_TAIL)}`;
}
