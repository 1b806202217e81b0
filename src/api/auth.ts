/**
 * Who calls: the API key, or a token or the dashboard's session in its place, decides the environment and
 * what may be done in it. Shared by the webhook API and the battery API.
 */
import { hashOfKey } from "../core/api-key.ts";
import { subscriberOf } from "../core/address.ts";
import { type Found, Lookups } from "../core/lookups.ts";
import { type Rate, RateLimiter } from "../core/request-rate.ts";
import type { Clock } from "../core/types.ts";
import { findApiKey } from "../storage/api-keys/find-api-key.ts";
import { noteKeyUse } from "../storage/api-keys/note-key-use.ts";
import { findEnvironment } from "../storage/environments/find-environment.ts";
import { findPortalCaller } from "../storage/portal/portal-session.ts";
import type { Storage } from "../storage/storage.ts";
import type { Sessions } from "./dashboard/sessions.ts";
import type { Asked, Authenticate, Authentication, Identity, RequestHeaders } from "./identity.ts";
import { concernsSession, identifySession } from "./session-auth.ts";
import { looksLikeToken } from "./tokens/jwt.ts";
import type { TokenReading, Tokens } from "./tokens/tokens.ts";

/** Each process counts for itself. */
export interface AccessLimits {
  /** Requests of one key, or of all tokens of one application. */
  perKey?: Rate | null;
  /** Bad credentials from one address. */
  failures?: Rate;
}

export interface AuthenticatorOptions {
  limits?: AccessLimits;
  /** Undefined: nobody can be logged in. */
  sessions?: Sessions;
  known?: KnownCallers;
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

/** Keys and tokens that were found a moment ago. */
export type KnownCallers = Lookups<Identity>;

export function createKnownCallers(clock: Clock): KnownCallers {
  return new Lookups({ clock, keptMs: CACHE_MS, keptMax: CACHED_KEYS_MAX });
}

/** Every bad key costs the same: one digest and one look-up. */
async function findKey(storage: Storage, key: string | null): Promise<Found<Identity> | undefined> {
  const hash = hashOfKey(key ?? "");
  const found = await findApiKey(storage, hash);
  if (found === undefined || key === null || !KEY.test(key)) return undefined;
  const { hint, keyId, stale, ...rest } = found;
  // Nobody waits for it, and nothing is lost with it.
  if (stale) noteKeyUse(storage, hash).catch(() => undefined);
  return { value: { ...rest, keyHint: hint, callerId: `key ${keyId}`, portal: null } };
}

async function findOrganisation(
  storage: Storage,
  organisationId: string,
): Promise<Identity | undefined> {
  const environment = await findEnvironment(storage, organisationId);
  if (environment === undefined) return undefined;
  return {
    ...environment,
    scope: "full",
    keyHint: "organisation token",
    callerId: `organisation ${environment.environmentId}`,
    portal: null,
  };
}

function unknownOrganisation(organisationId: string): Authentication {
  const detail =
    `The token is of the organisation ${organisationId}, which this server does not have; ` +
    "its own are called org_sandbox and org_live.";
  return { ok: false, reason: "invalid", code: "authentication_failed", detail };
}

async function findPortal(
  storage: Storage,
  token: Extract<TokenReading, { kind: "application" }>,
): Promise<Authentication> {
  const caller = await findPortalCaller(storage, token);
  if (caller === undefined) return INVALID;
  const { environmentId, applicationId, tokenId, featureFlags, capabilities } = token;
  const portal = { applicationId, tokenId, featureFlags, capabilities };
  const who = { keyHint: "application token", callerId: `application ${applicationId}` };
  return { ok: true, identity: { environmentId, ...caller, scope: "full", ...who, portal } };
}

/** @param credential as `credentialOf` reads it */
type Identify = (credential: string | null | undefined) => Authentication | Promise<Authentication>;

function createIdentifier(
  storage: Storage,
  { clock, tokens, known }: { clock: Clock; tokens: Tokens; known: KnownCallers },
): Identify {
  const readToken = async (text: string): Promise<Authentication> => {
    const token = tokens.read(text);
    if (token.kind === "refused") return { ok: false, reason: "invalid", ...token };
    if (token.kind === "application") return await findPortal(storage, token);
    const { organisationId, expiresAt } = token;
    const identity = await known.lookUp(text, async () => {
      const value = await findOrganisation(storage, organisationId);
      return value && { value, forMs: expiresAt - clock.now() };
    });
    return identity === undefined ? unknownOrganisation(organisationId) : { ok: true, identity };
  };
  const lookFor = async (credential: string | null): Promise<Authentication> => {
    if (credential !== null && looksLikeToken(credential)) return await readToken(credential);
    const lookUp = (): Promise<Found<Identity> | undefined> => findKey(storage, credential);
    const identity = await known.lookUp(credential ?? "", lookUp);
    if (identity !== undefined) return { ok: true, identity };
    // Last, so that it costs the same: only the signing secret itself is told apart.
    const said = tokens.read(credential ?? "");
    if (said.kind === "refused") return { ok: false, reason: "invalid", ...said };
    return INVALID;
  };
  return (credential) => {
    if (credential === undefined) return { ok: false, reason: "missing" };
    // Only what was found in the database is ever remembered.
    const cached = credential === null ? undefined : known.get(credential);
    return cached === undefined ? lookFor(credential) : { ok: true, identity: cached };
  };
}

function limited(detail: string, waitMs: number): Authentication {
  return { ok: false, reason: "limited", detail, retryAfterSeconds: Math.ceil(waitMs / 1_000) };
}

/**
 * Answers who asks. Accepts `x-api-key: KEY` and `Authorization: Bearer KEY`, both at once only when they
 * agree, or else a session of the dashboard. Application tokens and sessions are looked up every time: they
 * end at once.
 */
export function createAuthenticator(
  storage: Storage,
  clock: Clock,
  tokens: Tokens,
  { limits = {}, sessions, known = createKnownCallers(clock) }: AuthenticatorOptions = {},
): Authenticate {
  const identify = createIdentifier(storage, { clock, tokens, known });
  const perKey = limits.perKey ? new RateLimiter(limits.perKey) : undefined;
  const failures = new RateLimiter(limits.failures ?? FAILURES);
  const withinLimits = (answer: Authentication, asked: Asked): Authentication => {
    if (answer.ok && perKey !== undefined) {
      const waitMs = perKey.take(answer.identity.callerId, clock.monotonic());
      return waitMs === 0 ? answer : limited("Too many requests with this key.", waitMs);
    }
    if (answer.ok || answer.reason !== "invalid") return answer;
    const waitMs = failures.take(subscriberOf(asked.ip), clock.monotonic());
    return waitMs === 0 ? answer : limited("Too many bad keys from this address.", waitMs);
  };
  const withinLimitsLater = async (
    answer: Promise<Authentication>,
    asked: Asked,
  ): Promise<Authentication> => withinLimits(await answer, asked);
  return (asked, quietly = false) => {
    const credential = credentialOf(asked.headers);
    const hasKey = credential !== undefined;
    const answer =
      sessions !== undefined && concernsSession(sessions, asked, hasKey)
        ? identifySession(sessions, asked, { hasKey, quietly })
        : identify(credential);
    if (quietly) return answer;
    return answer instanceof Promise
      ? withinLimitsLater(answer, asked)
      : withinLimits(answer, asked);
  };
}
