/** 128 random bits for an idempotency key. `crypto.randomUUID` is there on https and loopback only. */
export function randomKey(): string {
  const bytes = [...crypto.getRandomValues(new Uint8Array(16))];
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
