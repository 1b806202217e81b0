/**
 * Tokens given to portals: each has a row, so that one of them, those of a session, or all of an
 * application can end before their time, on every node at once.
 */
import type { EnvironmentMode, UnixMs } from "../../core/types.ts";
import { statement, type Storage } from "../storage.ts";

export interface PortalToken {
  environmentId: string;
  applicationId: string;
  tokenId: string;
  /** The caller's own name for what belongs together; null without one. */
  sessionId: string | null;
}

const ADD = statement(
  "add-portal-session",
  `INSERT INTO portal_session (application_id, token_id, session_id, created_at, expires_at)
   SELECT a.application_id, $3, $4, at, at + $5::int * interval '1 second'
   FROM application a, coalesce(to_timestamp($6::float8 / 1000), now()) AS at
   WHERE a.environment_id = $1 AND a.application_id = $2 AND a.deleted_at IS NULL
   RETURNING expires_at`,
);

/** @returns when it expires; undefined when the application is gone */
export async function addPortalSession(
  storage: Storage,
  token: PortalToken,
  lifetimeSeconds: number,
): Promise<UnixMs | undefined> {
  const { environmentId, applicationId, tokenId, sessionId } = token;
  const values = [environmentId, applicationId, tokenId, sessionId, lifetimeSeconds, storage.now()];
  const [row] = await storage.query<{ expires_at: UnixMs }>(ADD, values);
  return row?.expires_at;
}

// A token without a row was signed elsewhere with the same secret: it ends with its application's others.
const FIND = statement(
  "find-portal-caller",
  `SELECT e.mode, e.default_application_id
   FROM application a JOIN environment e USING (environment_id)
     CROSS JOIN coalesce(to_timestamp($5::float8 / 1000), now()) AS at
     LEFT JOIN portal_session s ON s.application_id = a.application_id AND s.token_id = $3
   WHERE a.environment_id = $1 AND a.application_id = $2 AND a.deleted_at IS NULL
     AND CASE WHEN $3::text IS NULL
       THEN a.tokens_since IS NULL OR a.tokens_since <= to_timestamp($4::float8 / 1000)
       ELSE s.expires_at > at END`,
);

export interface PortalCaller {
  mode: EnvironmentMode;
  defaultApplicationId: string;
}

/** Who a token stands for; undefined when it has ended or its application is gone. */
export async function findPortalCaller(
  storage: Storage,
  token: {
    environmentId: string;
    applicationId: string;
    tokenId: string | null;
    issuedAt: UnixMs;
  },
): Promise<PortalCaller | undefined> {
  const { environmentId, applicationId, tokenId, issuedAt } = token;
  const values = [environmentId, applicationId, tokenId, issuedAt, storage.now()];
  const [row] = await storage.query<{ mode: EnvironmentMode; default_application_id: string }>(
    FIND,
    values,
  );
  return row && { mode: row.mode, defaultApplicationId: row.default_application_id };
}

// Tokens without a row end at once: when they would have ended cannot be kept for each.
const EXPIRE_ALL = statement(
  "expire-portal-sessions",
  `WITH moment AS (
     SELECT coalesce(to_timestamp($3::float8 / 1000), now()) AS now,
       coalesce(to_timestamp($3::float8 / 1000), now()) + $4::int * interval '1 second' AS at
   ),
   foreign_tokens AS (
     UPDATE application SET tokens_since = now FROM moment
     WHERE environment_id = $1 AND application_id = $2
   )
   UPDATE portal_session SET expires_at = at FROM moment
   WHERE application_id = $2 AND expires_at > at`,
);
const EXPIRE_SESSIONS = statement(
  "expire-named-portal-sessions",
  `WITH moment AS (
     SELECT coalesce(to_timestamp($2::float8 / 1000), now()) + $3::int * interval '1 second' AS at
   )
   UPDATE portal_session SET expires_at = at FROM moment
   WHERE application_id = $1 AND session_id = ANY($4::text[]) AND expires_at > at`,
);

/** @param sessionIds null: of the whole application */
export async function expirePortalSessions(
  storage: Storage,
  key: { environmentId: string; applicationId: string },
  inSeconds: number,
  sessionIds: readonly string[] | null,
): Promise<void> {
  const { environmentId, applicationId } = key;
  const now = storage.now();
  if (sessionIds === null) {
    await storage.query(EXPIRE_ALL, [environmentId, applicationId, now, inSeconds]);
  } else {
    await storage.query(EXPIRE_SESSIONS, [applicationId, now, inSeconds, sessionIds]);
  }
}

const END = statement(
  "end-portal-session",
  "DELETE FROM portal_session WHERE application_id = $1 AND token_id = $2",
);

export async function endPortalSession(
  storage: Storage,
  key: { applicationId: string; tokenId: string },
): Promise<void> {
  await storage.query(END, [key.applicationId, key.tokenId]);
}
