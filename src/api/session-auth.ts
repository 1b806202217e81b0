/**
 * A session of the dashboard in the place of an API key: which environment it acts in, and whether a page
 * of the dashboard meant it.
 */
import { FOREIGN_ORIGIN } from "./dashboard/origin.ts";
import type { Session, Sessions } from "./dashboard/sessions.ts";
import type { Asked, Authentication } from "./identity.ts";

const READS = new Set(["GET", "HEAD"]);
const ENVIRONMENT = "amps-environment";

type Refused = Extract<Authentication, { reason: "refused" }>;

function refuse(code: Refused["code"], detail: string): Refused {
  return { ok: false, reason: "refused", code, detail };
}

/** Streams of events are opened by browsers, which cannot be told to send headers with them. */
function namedInQuery({ method, headers, query }: Asked): unknown {
  if (method !== "GET" || headers["accept"]?.includes("text/event-stream") !== true) {
    return undefined;
  }
  return typeof query === "object" && query !== null && "environment" in query
    ? query.environment
    : undefined;
}

function environmentNamed(asked: Asked): unknown {
  return asked.headers[ENVIRONMENT] ?? namedInQuery(asked);
}

function identify(session: Session, asked: Asked): Authentication {
  const mode = environmentNamed(asked);
  const environment = session.environments.find((known) => known.mode === mode);
  if (environment === undefined) {
    return refuse("bad_request", `The header ${ENVIRONMENT} must say sandbox or live.`);
  }
  return {
    ok: true,
    identity: {
      ...environment,
      scope: "full",
      keyHint: "dashboard",
      callerId: `session ${session.hash.toString("base64url")}`,
      portal: null,
    },
  };
}

/** Whether a request is one of a session, or claims to be. With a key only when it names an environment too. */
export function concernsSession(sessions: Sessions, asked: Asked, hasKey: boolean): boolean {
  if (asked.headers[ENVIRONMENT] !== undefined) return true;
  return !hasKey && (namedInQuery(asked) !== undefined || sessions.has(asked.headers));
}

/** Who asks, of a request that concerns a session. */
export async function identifySession(
  sessions: Sessions,
  asked: Asked,
  { hasKey, quietly }: { hasKey: boolean; quietly: boolean },
): Promise<Authentication> {
  const { headers, method } = asked;
  if (hasKey) {
    const detail =
      "An API key names its environment itself: send either a key, or a session with the header " +
      `${ENVIRONMENT}, not both.`;
    return refuse("bad_request", detail);
  }
  if (!sessions.isOwnOrigin(headers)) {
    return refuse("insufficient access", FOREIGN_ORIGIN);
  }
  const session = await sessions.find(headers, quietly);
  if (session === undefined) {
    return refuse("authentication_failed", "Nobody is logged in, or the session has ended.");
  }
  if (!READS.has(method) && !sessions.isMeant(session, headers)) {
    const detail = "The header amps-csrf-token is missing or not that of this session.";
    return refuse("insufficient access", detail);
  }
  return identify(session, asked);
}
