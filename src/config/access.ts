/** Options about who gets in and how people find the way. */
import type { Rate } from "../core/request-rate.ts";
import { loadTokens, type TokenConfig } from "./tokens.ts";
import type { Values } from "./values.ts";

export interface AccessConfig extends TokenConfig {
  /** What links for people start with, without a slash at the end. Undefined: where the API listens. */
  publicUrl?: string;
  /** Requests with one API key that a process answers; null: any number. */
  rateLimit: Rate | null;
  /** Origins whose pages may show the portal in a frame. */
  portalEmbed: string[];
}

const PER_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** `1000/s`, `600/m`; null for `off`. */
function parseRate(text: string): Rate | null | undefined {
  if (text === "off") return null;
  const [, count, unit = ""] = /^([1-9]\d{0,8})\/([smh])$/.exec(text) ?? [];
  return count === undefined ? undefined : { count: Number(count), perMs: PER_MS[unit] ?? 0 };
}

function parsePublicUrl(text: string): string | undefined {
  if (!/^https?:\/\/[^?#@\s\\]+$/.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text).href.replace(/\/+$/, "");
}

/** `https://shop.example, http://localhost:3000`; an origin has no path. */
function parseOrigins(text: string): string[] | undefined {
  const origins = text.split(",").map((origin) => origin.trim().replace(/\/$/, ""));
  const isOrigin = (name: string): boolean =>
    /^https?:\/\/[^\s;,'"*]+$/.test(name) && URL.canParse(name) && new URL(name).origin === name;
  return origins.every(isOrigin) ? origins : undefined;
}

export function loadAccess(values: Values): AccessConfig {
  const publicUrl = values.parse<string | undefined>("AMPS_PUBLIC_URL", undefined, {
    parse: parsePublicUrl,
    expected: "must be an http or https URL, such as https://amps.example.com",
  });
  const rateLimit = values.parse<Rate | null>("AMPS_RATE_LIMIT", null, {
    parse: parseRate,
    expected: "must be a rate such as 1000/s, 600/m or 100/h, or off",
  });
  const portalEmbed = values.parse<string[]>("AMPS_PORTAL_EMBED", [], {
    parse: parseOrigins,
    expected: "must be origins separated by commas, such as https://shop.example.com",
  });
  return {
    rateLimit,
    portalEmbed,
    ...loadTokens(values),
    ...(publicUrl !== undefined && { publicUrl }),
  };
}
