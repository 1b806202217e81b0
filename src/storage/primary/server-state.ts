/** What a PostgreSQL server says of itself over one connection: may it be written to, and is it the present primary? */
import type pg from "pg";
import { sqlState, statement } from "../statement.ts";

export interface ServerState {
  writable: boolean;
  standby: boolean;
  /** Undefined on a standby, or where the server does not tell. */
  timeline: number | undefined;
  /** Same on a primary and its standbys; undefined where the server does not tell. */
  systemId: string | undefined;
}

const READ_STATE = statement(
  "read-server-state",
  `SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off' AS writable,
     pg_is_in_recovery() AS standby`,
);

// The name of the log file being written, not pg_control_checkpoint(): after a promotion that shows the
// old timeline until the first checkpoint. Both functions are open to every role on PostgreSQL 15 to 18.
const READ_HISTORY = statement(
  "read-server-history",
  `SELECT system_identifier::text AS system_id,
     CASE WHEN NOT pg_is_in_recovery()
       THEN ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int
     END AS timeline
   FROM pg_control_system()`,
);

/** Not allowed, not there, not supported: some managed databases keep it to themselves. */
const UNTOLD = /^(?:42|0A|22|55)/;

export async function readServerState(client: pg.ClientBase): Promise<ServerState> {
  const state = await client.query<{ writable: boolean; standby: boolean }>({ ...READ_STATE });
  const [row] = state.rows;
  if (row === undefined) throw new Error("The server did not say whether it is writable.");
  return { ...row, ...(await readHistory(client)) };
}

async function readHistory(
  client: pg.ClientBase,
): Promise<Pick<ServerState, "timeline" | "systemId">> {
  try {
    const history = await client.query<{ system_id: string; timeline: number | null }>({
      ...READ_HISTORY,
    });
    const [row] = history.rows;
    return { systemId: row?.system_id, timeline: row?.timeline ?? undefined };
  } catch (error) {
    if (!UNTOLD.test(sqlState(error) ?? "")) throw error;
    return { systemId: undefined, timeline: undefined };
  }
}
