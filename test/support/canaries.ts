/** Secrets planted to be looked for: as they are, in hex, and in base64 wherever they begin in it. */
import { randomBytes } from "node:crypto";

/** A secret that is found nowhere by accident. */
export function canary(): string {
  return `canary${randomBytes(18).toString("hex")}`;
}

/** base64 of the bytes at each of the three places they can have in a longer text, without unsure ends. */
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((lead) => {
    const text = Buffer.concat([Buffer.alloc(lead), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const sure = text.slice(lead === 0 ? 0 : lead + 1, -2);
    return [sure, sure.replaceAll("+", "-").replaceAll("/", "_")];
  });
}

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const forms = [secret, encodeURIComponent(secret), bytes.toString("hex"), ...base64Forms(bytes)];
  // A signing secret is base64 itself: its bytes are the secret.
  if (secret.startsWith("whsec_")) {
    const key = Buffer.from(secret.slice("whsec_".length), "base64");
    forms.push(key.toString("latin1"), key.toString("hex"), ...base64Forms(key));
  }
  if (secret.startsWith("whsk_")) {
    const seed = Buffer.from(secret.slice("whsk_".length), "base64").subarray(0, 32);
    forms.push(seed.toString("latin1"), seed.toString("hex"), ...base64Forms(seed));
  }
  return [...new Set(forms)];
}

/** Which of the secrets, by name, are in the text in any form. */
export function findCanaries(text: string, secrets: Readonly<Record<string, string>>): string[] {
  const lower = text.toLowerCase();
  return Object.entries(secrets).flatMap(([name, secret]) =>
    formsOf(secret).some((form) => text.includes(form) || lower.includes(form.toLowerCase()))
      ? [name]
      : [],
  );
}
