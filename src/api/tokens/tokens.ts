/**
 * Bearer tokens beside API keys (`svix-api.md` §2): an organisation token is worth a full API key of its
 * environment, an application token opens one application to a portal. Tokens of portals have a row in
 * the database (`jti`), by which they end early.
 */
import { hkdfSync, type KeyObject, timingSafeEqual } from "node:crypto";
import type { JwtAlgorithm } from "../../core/jwt-algorithm.ts";
import type { Clock, UnixMs } from "../../core/types.ts";
import { type Claims, looksLikeToken, signToken, verifyToken } from "./jwt.ts";
import { pairKey, secretKey, type TokenKey } from "./token-key.ts";

export const CAPABILITIES = [
  "ViewBase",
  "ViewEndpointSecret",
  "ManageEndpointSecret",
  "ManageTransformations",
  "CreateAttempts",
  "ManageEndpoint",
] as const;
export type Capability = (typeof CAPABILITIES)[number];

const ISSUER = "svix-server";
const KEY_BYTES = 32;
const ORGANISATION_SECONDS = 10 * 365 * 24 * 3_600;

export interface ApplicationGrant {
  environmentId: string;
  applicationId: string;
  featureFlags: string[];
  /** Null: all of them. */
  capabilities: Capability[] | null;
}

export interface ApplicationClaims extends ApplicationGrant {
  /** Null for a token that was made with the signing secret elsewhere. */
  tokenId: string | null;
  issuedAt: UnixMs;
}

export type TokenReading =
  | { kind: "organisation"; organisationId: string; expiresAt: UnixMs }
  | ({ kind: "application" } & ApplicationClaims)
  | { kind: "refused"; code: TokenRefusal; detail: string };

/** Codes of `svix-api.md` §2. */
export type TokenRefusal = "authentication_failed" | "bad token" | "bad_token";

export interface TokenKeys {
  /** The first signs; all verify. */
  keys: readonly TokenKey[];
  /** As the operator set it, to recognise it where a token belongs. */
  secret?: string;
}

export interface TokenSettings {
  jwtAlgorithm: JwtAlgorithm;
  jwtSecret?: string;
  /** Of RS… and EdDSA: a private key, or a public one that only verifies. */
  jwtKey?: KeyObject;
}

/**
 * The operator's key or secret, or else keys that every node derives alike from the master keys; they are of
 * no use for anything those seal.
 */
export function tokenKeysOf(settings: TokenSettings, masterKeys: readonly Buffer[]): TokenKeys {
  const { jwtAlgorithm: algorithm, jwtSecret: secret, jwtKey } = settings;
  if (jwtKey !== undefined) return { keys: [pairKey(algorithm, jwtKey)] };
  if (secret !== undefined) return { keys: [secretKey(algorithm, Buffer.from(secret))], secret };
  const derive = (masterKey: Buffer): Buffer =>
    Buffer.from(hkdfSync("sha256", masterKey, "", "amps bearer tokens", KEY_BYTES));
  return { keys: masterKeys.map((masterKey) => secretKey(algorithm, derive(masterKey))) };
}

function isSame(text: string, secret: string): boolean {
  const [one, other] = [Buffer.from(text), Buffer.from(secret)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function refuse(code: TokenRefusal, detail: string): TokenReading {
  return { kind: "refused", code, detail };
}

function readApplication(claims: Claims, applicationId: string): TokenReading {
  const { org, jti, iat, feature_flags: flags, capabilities } = claims;
  if (!applicationId.startsWith("app_")) {
    return refuse("bad token", "The token's sub must be the id of an application, app_….");
  }
  if (typeof org !== "string" || !org.startsWith("org_")) {
    return refuse("bad_token", "The token's org must be the id of an organisation, org_….");
  }
  const granted = strings(capabilities);
  return {
    kind: "application",
    environmentId: org,
    applicationId,
    featureFlags: strings(flags),
    capabilities:
      capabilities === undefined ? null : CAPABILITIES.filter((name) => granted.includes(name)),
    tokenId: typeof jti === "string" ? jti : null,
    issuedAt: typeof iat === "number" ? Math.floor(iat * 1_000) : 0,
  };
}

export class Tokens {
  readonly #keys: TokenKeys;
  readonly #clock: Clock;

  constructor(keys: TokenKeys, clock: Clock) {
    this.#keys = keys;
    this.#clock = clock;
  }

  /** Whether there is a key that signs. */
  get mints(): boolean {
    return this.#keys.keys[0]?.sign !== undefined;
  }

  /** @param organisationId id of an environment, or `org_sandbox`, `org_live` */
  mintOrganisation(organisationId: string): string {
    return this.#mint({ sub: organisationId }, this.#now() + ORGANISATION_SECONDS);
  }

  mintApplication(grant: ApplicationGrant, tokenId: string, expiresAt: UnixMs): string {
    const { featureFlags, capabilities } = grant;
    const claims = {
      sub: grant.applicationId,
      org: grant.environmentId,
      jti: tokenId,
      ...(featureFlags.length > 0 && { feature_flags: featureFlags }),
      ...(capabilities !== null && { capabilities }),
    };
    return this.#mint(claims, Math.floor(expiresAt / 1_000));
  }

  /** What a credential that is no API key says. */
  read(text: string): TokenReading {
    const { keys, secret } = this.#keys;
    if (secret !== undefined && isSame(text, secret)) {
      const detail = "This is the secret that signs tokens, not a token; keep it to yourself.";
      return refuse("authentication_failed", detail);
    }
    const claims = looksLikeToken(text) ? verifyToken(keys, text, this.#now()) : undefined;
    if (claims === undefined) return refuse("authentication_failed", "Invalid token");
    const { sub, org } = claims;
    if (typeof sub !== "string") {
      return refuse("authentication_failed", "The token has no sub: whose token it is.");
    }
    if (org !== undefined) return readApplication(claims, sub);
    if (!sub.startsWith("org_")) {
      return refuse("bad_token", "The token's sub must be the id of an organisation, org_….");
    }
    const expiresAt = Number(claims["exp"]) * 1_000;
    return { kind: "organisation", organisationId: sub, expiresAt };
  }

  #now(): number {
    return Math.floor(this.#clock.now() / 1_000);
  }

  #mint(claims: Claims, exp: number): string {
    const [key] = this.#keys.keys;
    if (key === undefined) throw new Error("There is no key to sign tokens with.");
    const iat = this.#now();
    return signToken(key, { iss: ISSUER, iat, nbf: iat, exp, ...claims });
  }
}
