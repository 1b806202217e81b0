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

/**
 * @param hasKey an API key or token was sent: it decides, unless the request names an environment too
 * @returns undefined when this is no request of a session
 */
export async function identifySession(
  sessions: Sessions,
  asked: Asked,
  { hasKey, quietly }: { hasKey: boolean; quietly: boolean },
): Promise<Authentication | undefined> {
  const { headers, method } = asked;
  const named = environmentNamed(asked) !== undefined;
  if (hasKey) {
    if (headers[ENVIRONMENT] === undefined) return undefined;
    const detail =
      "An API key names its environment itself: send either a key, or a session with the header " +
      `${ENVIRONMENT}, not both.`;
    return refuse("bad_request", detail);
  }
  if (!named && !sessions.has(headers)) return undefined;
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
