/** What goes wrong between a statement and its database, apart from what PostgreSQL itself says. */
import { sqlState } from "../statement.ts";

/** No host may be written to just now, or none may be trusted; `reasons` has a line per host. */
export class NoPrimaryError extends Error {
  override readonly name = "NoPrimaryError";
  /** sqlclient_unable_to_establish_sqlconnection */
  readonly code = "08001";
  /** `db-a:5432: connection refused` */
  readonly reasons: readonly string[];
  /** A wrong password or a missing database does not mend itself. */
  readonly permanent: boolean;

  constructor(reasons: readonly string[], permanent = false) {
    super(`No host of DATABASE_URL can be used: ${reasons.join("; ")}.`);
    this.reasons = reasons;
    this.permanent = permanent;
  }
}

/**
 * The statement may have been committed or not, or is committed on this server but not on its
 * synchronous standby: nobody may be told that it is done. Doing it again under its key is safe.
 */
export class UncertainCommitError extends Error {
  override readonly name = "UncertainCommitError";
  /** statement_completion_unknown */
  readonly code = "40003";
}

/** Words of errors that have no SQLSTATE. */
const LOST = /Connection terminated|connection error and is not queryable|Query read timeout/;
const SOCKET = /^(?:E[A-Z]{3,}|EAI_AGAIN)$/;
/** Class 08, a read-only server, 57P01 to 57P05 (it stops, crashed, starts, dropped the session). */
const SERVER_GONE = /^(?:08|25006|57P0)/;

/** Whether this error says that the server, or the connection to it, is not to be used further. */
export function meansServerGone(error: unknown): boolean {
  const code = sqlState(error);
  if (code !== undefined) return SERVER_GONE.test(code) || SOCKET.test(code);
  return error instanceof Error && LOST.test(error.message);
}
