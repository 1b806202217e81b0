/**
 * Who is logged in to the dashboard. A session is 256 random bits in a cookie and their digest in the
 * database, so that it holds on every node and ends on every node at once. The token against forged
 * requests is derived from it: whoever has one page's cannot have another's, and nothing more is kept.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { subscriberOf } from "../../core/address.ts";
import { type Rate, RateLimiter } from "../../core/request-rate.ts";
import type { Clock, UnixMs } from "../../core/types.ts";
import {
  addDashboardSession,
  endDashboardSession,
  findDashboardSession,
  noteSessionUse,
  type SessionEnvironment,
} from "../../storage/dashboard/dashboard-session.ts";
import { addLoginLink, takeLoginLink } from "../../storage/dashboard/login-link.ts";
import type { Storage } from "../../storage/storage.ts";
import type { RequestHeaders } from "../identity.ts";
import { clearSessionCookie, readSessionCookie, writeSessionCookie } from "./cookie.ts";
import { isOwnOrigin } from "./origin.ts";
import { AdminPassword } from "./password.ts";

const TOKEN_BYTES = 32;
const HOUR_SECONDS = 3_600;
/** However much it is used. */
const LIFETIME_SECONDS = 7 * 24 * HOUR_SECONDS;
const IDLE_SECONDS = 12 * HOUR_SECONDS;
export const LINK_SECONDS = HOUR_SECONDS;
/** Guesses of the password, right ones too: whether one was right is not told beyond them. */
const PER_ADDRESS: Rate = { count: 10, perMs: 60_000 };
/** From anywhere: so many that one address cannot use them up. The login link stays open. */
const PER_ACCOUNT: Rate = { count: 60, perMs: 60_000 };
const ACCOUNT = "admin";

export interface SessionsOptions {
  storage: Storage;
  clock: Clock;
  random: (bytes: number) => Buffer;
  /** Undefined: only links log in. */
  password: string | undefined;
  /** Where people open the dashboard. */
  publicUrl: () => string;
}

export interface Session {
  /** Digest of the token: names the session, and opens nothing. */
  hash: Buffer;
  csrfToken: string;
  expiresAt: UnixMs;
  environments: SessionEnvironment[];
}

export type Login =
  | { ok: true; cookie: string; csrfToken: string }
  | { ok: false; reason: "wrong" }
  | { ok: false; reason: "foreign" }
  | { ok: false; reason: "limited"; retryAfterSeconds: number };

export type Credential = { password: string } | { token: string };

function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

/** Keyed by the password: when the operator changes it, the sessions begun before open nothing. */
function sessionKeyOf(password: string | undefined): Buffer {
  return digest(`amps session ${password ?? ""}`);
}

function csrfTokenOf(token: string): string {
  return createHmac("sha256", token).update("amps csrf").digest("base64url");
}

function isSame(sent: unknown, expected: string): boolean {
  return typeof sent === "string" && timingSafeEqual(digest(sent), digest(expected));
}

/** A link that logs in once, within the hour. Only its digest is stored. */
export async function makeLoginLink(
  storage: Storage,
  random: (bytes: number) => Buffer,
  publicUrl: string,
): Promise<string> {
  const token = random(TOKEN_BYTES).toString("base64url");
  await addLoginLink(storage, digest(token), LINK_SECONDS);
  // In the fragment, which browsers send to nobody.
  return `${publicUrl}/dashboard/login#token=${token}`;
}

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #password: AdminPassword;
  readonly #sessionKey: Buffer;
  readonly #perAddress = new RateLimiter(PER_ADDRESS);
  readonly #perAccount = new RateLimiter(PER_ACCOUNT);

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#password = new AdminPassword(options.password);
    this.#sessionKey = sessionKeyOf(options.password);
  }

  /** Begins a session of its own, and ends the one that the browser still has. */
  async login(
    credential: Credential,
    { headers, address }: { headers: RequestHeaders; address: string },
  ): Promise<Login> {
    if (!this.isOwnOrigin(headers)) return { ok: false, reason: "foreign" };
    const wrong = await this.#check(credential, subscriberOf(address));
    if (wrong !== undefined) return wrong;
    const { storage, random } = this.#options;
    await this.end(headers);
    const token = random(TOKEN_BYTES).toString("base64url");
    await addDashboardSession(storage, this.#hash(token), LIFETIME_SECONDS);
    const cookie = writeSessionCookie(token, LIFETIME_SECONDS, this.#cookie());
    return { ok: true, cookie, csrfToken: csrfTokenOf(token) };
  }

  /** @param quietly does not count as use */
  async find(headers: RequestHeaders, quietly = false): Promise<Session | undefined> {
    const token = this.#tokenOf(headers);
    if (token === undefined) return undefined;
    const { storage } = this.#options;
    const hash = this.#hash(token);
    const found = await findDashboardSession(storage, hash, IDLE_SECONDS);
    if (found === undefined) return undefined;
    const { expiresAt, environments, stale } = found;
    if (stale && !quietly) await noteSessionUse(storage, hash);
    return { hash, csrfToken: csrfTokenOf(token), expiresAt, environments };
  }

  /** Whether the request carries a cookie of ours, of a session or of a former one. */
  has(headers: RequestHeaders): boolean {
    return this.#tokenOf(headers) !== undefined;
  }

  /** What a page of ours sends with every write, and no other page can. */
  isMeant(session: Session, headers: RequestHeaders): boolean {
    return this.isOwnOrigin(headers) && isSame(headers["amps-csrf-token"], session.csrfToken);
  }

  isOwnOrigin(headers: RequestHeaders): boolean {
    return isOwnOrigin(headers, this.#options.publicUrl());
  }

  async end(headers: RequestHeaders): Promise<void> {
    const token = this.#tokenOf(headers);
    if (token !== undefined) await endDashboardSession(this.#options.storage, this.#hash(token));
  }

  /** Takes the cookie from the browser. */
  get farewell(): string {
    return clearSessionCookie(this.#cookie());
  }

  #hash(token: string): Buffer {
    return createHmac("sha256", this.#sessionKey).update(token).digest();
  }

  #tokenOf({ cookie }: RequestHeaders): string | undefined {
    return typeof cookie === "string" ? readSessionCookie(cookie, this.#cookie()) : undefined;
  }

  #cookie(): { secure: boolean } {
    return { secure: this.#options.publicUrl().startsWith("https:") };
  }

  /** @returns why not */
  async #check(
    credential: Credential,
    subscriber: string,
  ): Promise<Extract<Login, { ok: false }> | undefined> {
    if ("token" in credential) {
      // Nobody guesses 256 bits: a right link is never refused for what others tried.
      if (await takeLoginLink(this.#options.storage, digest(credential.token))) return undefined;
      return this.#limit(subscriber) ?? { ok: false, reason: "wrong" };
    }
    const limited = this.#limit(subscriber) ?? this.#limitAccount();
    if (limited !== undefined) return limited;
    if (await this.#password.matches(credential.password)) return undefined;
    return { ok: false, reason: "wrong" };
  }

  #limit(subscriber: string): Extract<Login, { reason: "limited" }> | undefined {
    return limitedBy(this.#perAddress.take(subscriber, this.#options.clock.monotonic()));
  }

  #limitAccount(): Extract<Login, { reason: "limited" }> | undefined {
    return limitedBy(this.#perAccount.take(ACCOUNT, this.#options.clock.monotonic()));
  }
}

function limitedBy(waitMs: number): Extract<Login, { reason: "limited" }> | undefined {
  if (waitMs === 0) return undefined;
  return { ok: false, reason: "limited", retryAfterSeconds: Math.ceil(waitMs / 1_000) };
}
