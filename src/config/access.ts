/** Options about who gets in and how people find the way. */
import type { Values } from "./values.ts";

export interface AccessConfig {
  /** Signs bearer tokens. Undefined: derived from the master key. */
  jwtSecret?: string;
  /** What links for people start with, without a slash at the end. Undefined: where the API listens. */
  publicUrl?: string;
}

const JWT_SECRET_LENGTH_MIN = 32;

function parsePublicUrl(text: string): string | undefined {
  if (!/^https?:\/\/[^?#@\s\\]+$/.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text).href.replace(/\/+$/, "");
}

export function loadAccess(values: Values): AccessConfig {
  const jwtSecret = values.parse<string | undefined>("AMPS_JWT_SECRET", undefined, {
    parse: (text) => (text.length < JWT_SECRET_LENGTH_MIN ? undefined : text),
    expected: `must have ${JWT_SECRET_LENGTH_MIN} characters or more (openssl rand -base64 32)`,
  });
  const publicUrl = values.parse<string | undefined>("AMPS_PUBLIC_URL", undefined, {
    parse: parsePublicUrl,
    expected: "must be an http or https URL, such as https://amps.example.com",
  });
  return {
    ...(jwtSecret !== undefined && { jwtSecret }),
    ...(publicUrl !== undefined && { publicUrl }),
  };
}
