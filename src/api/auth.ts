/**
 * Who calls: the API key, or a token in its place, decides the environment and what may be done in it.
 * Shared by the webhook API and the battery API.
 */
import { createHash } from "node:crypto";
import { subscriberOf } from "../core/address.ts";
import { type Rate, RateLimiter } from "../core/request-rate.ts";
import type { Clock, EnvironmentMode } from "../core/types.ts";
import { findApiKey } from "../storage/api-keys/find-api-key.ts";
import { findEnvironment } from "../storage/environments/find-environment.ts";
import { findPortalCaller } from "../storage/portal/portal-session.ts";
import type { Storage } from "../storage/storage.ts";
import { looksLikeToken } from "./tokens/jwt.ts";
import type { Capability, TokenReading, TokenRefusal, Tokens } from "./tokens/tokens.ts";

/** Request headers as Node gives them: lower-case names. */
export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface Identity {
  environmentId: string;
  mode: EnvironmentMode;
  defaultApplicationId: string;
  /** `read` keys may not write, nor read secrets. */
  scope: "full" | "read";
  /** Something to show to people: prefix and last four characters of a key. */
  keyHint: string;
  /** Of an application token: only this application, and of it only what is granted. */
  portal: Portal | null;
}

export interface Portal {
  applicationId: string;
  tokenId: string | null;
  featureFlags: readonly string[];
  /** Null: all of them. */
  capabilities: readonly Capability[] | null;
}

export type Authentication =
  | { ok: true; identity: Identity }
  | { ok: false; reason: "missing" }
  | { ok: false; reason: "invalid"; code: TokenRefusal; detail: string }
  | { ok: false; reason: "limited"; detail: string; retryAfterSeconds: number };

/** @param address the peer's */
export type Authenticate = (headers: RequestHeaders, address: string) => Promise<Authentication>;

/** Each process counts for itself. */
export interface AccessLimits {
  /** Requests of one key, or of all tokens of one application. */
  perKey?: Rate | null;
  /** Bad credentials from one address. */
  failures?: Rate;
}

/** Far above what a mistyped key causes; a good key from the same address is never refused for it. */
const FAILURES: Rate = { count: 60, perMs: 60_000 };

/** How long a revoked key may still be honoured by a node that used it a moment ago. */
const CACHE_MS = 5_000;
const CACHED_KEYS_MAX = 10_000;
const KEY = /^sk_(?:test|live)_[A-Za-z0-9_-]{4,200}$/;
const BEARER = /^bearer +(\S+) *$/i;
const INVALID: Authentication = {
  ok: false,
  reason: "invalid",
  code: "authentication_failed",
  detail: "Invalid token",
};

/** The credential as sent; null when there is one but no single one. */
function credentialOf(headers: RequestHeaders): string | null | undefined {
  const apiKey = headers["x-api-key"];
  const sent = headers["authorization"];
  const bearer = sent === undefined ? undefined : (BEARER.exec(String(sent))?.[1] ?? null);
  if (apiKey === undefined) return bearer;
  if (typeof apiKey !== "string") return null;
  return bearer === undefined || bearer === apiKey ? apiKey : null;
}

/** Every bad key costs the same: one digest and one look-up. */
async function findKey(storage: Storage, key: string | null): Promise<Identity | undefined> {
  const hash = createHash("sha256")
    .update(key ?? "")
    .digest();
  const found = await findApiKey(storage, hash);
  if (found === undefined || key === null || !KEY.test(key)) return undefined;
  const { hint, ...rest } = found;
  return { ...rest, keyHint: hint, portal: null };
}

async function findOrganisation(storage: Storage, organisationId: string): Promise<Authentication> {
  const environment = await findEnvironment(storage, organisationId);
  if (environment === undefined) {
    const detail =
      `The token is of the organisation ${organisationId}, which this server does not have; ` +
      "its own are called org_sandbox and org_live.";
    return { ok: false, reason: "invalid", code: "authentication_failed", detail };
  }
  const identity: Identity = {
    ...environment,
    scope: "full",
    keyHint: "organisation token",
    portal: null,
  };
  return { ok: true, identity };
}

async function findPortal(
  storage: Storage,
  token: Extract<TokenReading, { kind: "application" }>,
): Promise<Authentication> {
  const caller = await findPortalCaller(storage, token);
  if (caller === undefined) return INVALID;
  const { environmentId, applicationId, tokenId, featureFlags, capabilities } = token;
  const portal = { applicationId, tokenId, featureFlags, capabilities };
  const keyHint = "application token";
  return { ok: true, identity: { environmentId, ...caller, scope: "full", keyHint, portal } };
}

type Identify = (headers: RequestHeaders) => Promise<Authentication>;

function createIdentifier(storage: Storage, clock: Clock, tokens: Tokens): Identify {
  const known = new Map<string, { identity: Identity; until: number }>();
  const remember = (credential: string, identity: Identity, forMs: number): void => {
    if (known.size >= CACHED_KEYS_MAX) known.clear();
    known.set(credential, { identity, until: clock.monotonic() + Math.min(forMs, CACHE_MS) });
  };
  const readToken = async (text: string): Promise<Authentication> => {
    const token = tokens.read(text);
    if (token.kind === "refused") return { ok: false, reason: "invalid", ...token };
    if (token.kind === "application") return await findPortal(storage, token);
    const found = await findOrganisation(storage, token.organisationId);
    if (found.ok) remember(text, found.identity, token.expiresAt - clock.now());
    return found;
  };
  return async (headers) => {
    const credential = credentialOf(headers);
    if (credential === undefined) return { ok: false, reason: "missing" };
    // Only what was found in the database is ever in the map.
    const cached = credential === null ? undefined : known.get(credential);
    if (cached !== undefined && clock.monotonic() < cached.until) {
      return { ok: true, identity: cached.identity };
    }
    if (credential !== null && looksLikeToken(credential)) return await readToken(credential);
    const identity = await findKey(storage, credential);
    if (identity !== undefined && credential !== null) {
      remember(credential, identity, CACHE_MS);
      return { ok: true, identity };
    }
    known.delete(credential ?? "");
    // Last, so that it costs the same: only the signing secret itself is told apart.
    const said = tokens.read(credential ?? "");
    if (said.kind === "refused") return { ok: false, reason: "invalid", ...said };
    return INVALID;
  };
}

function limited(detail: string, waitMs: number): Authentication {
  return { ok: false, reason: "limited", detail, retryAfterSeconds: Math.ceil(waitMs / 1_000) };
}

/**
 * Answers who sends `headers`. Accepts `x-api-key: KEY` and `Authorization: Bearer KEY`; both at
 * once only when they agree. Application tokens are looked up every time: they end at once.
 */
export function createAuthenticator(
  storage: Storage,
  clock: Clock,
  tokens: Tokens,
  limits: AccessLimits = {},
): Authenticate {
  const identify = createIdentifier(storage, clock, tokens);
  const perKey = limits.perKey ? new RateLimiter(limits.perKey) : undefined;
  const failures = new RateLimiter(limits.failures ?? FAILURES);
  return async (headers, address) => {
    const answer = await identify(headers);
    if (answer.ok && perKey !== undefined) {
      const key = answer.identity.portal?.applicationId ?? credentialOf(headers) ?? "";
      const waitMs = perKey.take(key, clock.monotonic());
      return waitMs === 0 ? answer : limited("Too many requests with this key.", waitMs);
    }
    if (answer.ok || answer.reason !== "invalid") return answer;
    const waitMs = failures.take(subscriberOf(address), clock.monotonic());
    return waitMs === 0 ? answer : limited("Too many bad keys from this address.", waitMs);
  };
}
