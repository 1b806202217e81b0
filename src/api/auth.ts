/**
 * Who calls: the API key decides the environment and what may be done in it. Shared by the webhook
 * API and the battery API.
 */
import { createHash } from "node:crypto";
import type { Clock, EnvironmentMode } from "../core/types.ts";
import { findApiKey } from "../storage/api-keys/find-api-key.ts";
import type { Storage } from "../storage/storage.ts";

/** Request headers as Node gives them: lower-case names. */
export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface Identity {
  environmentId: string;
  mode: EnvironmentMode;
  defaultApplicationId: string;
  /** `read` keys may not write, nor read secrets. */
  scope: "full" | "read";
  /** Prefix and last four characters of the key, to show to people. */
  keyHint: string;
}

export type Authentication =
  | { ok: true; identity: Identity }
  | { ok: false; reason: "missing" | "invalid" };

export type Authenticate = (headers: RequestHeaders) => Promise<Authentication>;

/** How long a revoked key may still be honoured by a node that used it a moment ago. */
const CACHE_MS = 5_000;
const CACHED_KEYS_MAX = 10_000;
const KEY = /^sk_(?:test|live)_[A-Za-z0-9_-]{4,200}$/;
const BEARER = /^bearer +(\S+) *$/i;

/** The key as sent; null when a credential is there but is no single key. */
function keyOf(headers: RequestHeaders): string | null | undefined {
  const apiKey = headers["x-api-key"];
  const sent = headers["authorization"];
  const bearer = sent === undefined ? undefined : (BEARER.exec(String(sent))?.[1] ?? null);
  if (apiKey === undefined) return bearer;
  if (typeof apiKey !== "string") return null;
  return bearer === undefined || bearer === apiKey ? apiKey : null;
}

/**
 * Answers who sends `headers`. Accepts `x-api-key: KEY` and `Authorization: Bearer KEY`; both at
 * once only when they agree. Every bad key costs the same: one digest and one look-up.
 */
export function createAuthenticator(storage: Storage, clock: Clock): Authenticate {
  const known = new Map<string, { identity: Identity; until: number }>();
  return async (headers) => {
    const key = keyOf(headers);
    if (key === undefined) return { ok: false, reason: "missing" };
    const now = clock.monotonic();
    // Only keys that were found in the database are ever in the map.
    const cached = key === null ? undefined : known.get(key);
    if (cached !== undefined && now < cached.until) return { ok: true, identity: cached.identity };
    const found = await findApiKey(
      storage,
      createHash("sha256")
        .update(key ?? "")
        .digest(),
    );
    if (found === undefined || key === null || !KEY.test(key)) {
      known.delete(key ?? "");
      return { ok: false, reason: "invalid" };
    }
    const { hint, ...rest } = found;
    const identity: Identity = { ...rest, keyHint: hint };
    if (known.size >= CACHED_KEYS_MAX) known.clear();
    known.set(key, { identity, until: now + CACHE_MS });
    return { ok: true, identity };
  };
}
