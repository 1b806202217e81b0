/** Who may call, as everything behind the authentication sees it. */
import type { EnvironmentMode } from "../core/types.ts";
import type { Capability, TokenRefusal } from "./tokens/tokens.ts";

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
  /** Names the key, the session, or the application of a token among all callers; opens nothing. */
  callerId: string;
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
  | { ok: false; reason: "refused"; code: SessionRefusal; detail: string }
  | { ok: false; reason: "limited"; detail: string; retryAfterSeconds: number };

/** 400, 401, 403: how a request of a session is wrong. */
export type SessionRefusal = "bad_request" | "authentication_failed" | "insufficient access";

/** What of a request tells who asks. */
export interface Asked {
  headers: RequestHeaders;
  /** The peer's address. */
  ip: string;
  method: string;
  query: unknown;
}

/**
 * At once for who was found a moment ago.
 * @param quietly asks again about a request under way: counts neither as request nor as use
 */
export type Authenticate = (
  asked: Asked,
  quietly?: boolean,
) => Authentication | Promise<Authentication>;
