/**
 * Finds actions that somebody has to drive: ids first, cheaply, because most of them are in flight on
 * this node already; then the few that are not, with what the journal knows of them.
 */
import type { UnixMs } from "../../core/types.ts";
import { statement, type Storage } from "../storage.ts";
import { type Action, actionFromRow, type ActionRow } from "./action.ts";

export interface BucketRoom {
  bucket: number;
  /** Most ids of this bucket. */
  limit: number;
}

export interface OpenActionKey {
  environmentId: string;
  actionId: string;
}

const FIND = statement(
  "find-open-actions",
  `SELECT a.environment_id, a.action_id
   FROM unnest($1::smallint[], $2::int[]) AS b(bucket, room)
   CROSS JOIN LATERAL (
     SELECT environment_id, action_id FROM action
     WHERE bucket = b.bucket AND state = 'acknowledged'
     ORDER BY action_id LIMIT b.room) AS a`,
);

/** Oldest first within each bucket. */
export async function findOpenActions(
  storage: Storage,
  rooms: BucketRoom[],
): Promise<OpenActionKey[]> {
  const rows = await storage.query<{ environment_id: string; action_id: string }>(FIND, [
    rooms.map((room) => room.bucket),
    rooms.map((room) => room.limit),
  ]);
  return rows.map((row) => ({ environmentId: row.environment_id, actionId: row.action_id }));
}

/** The last entry of an action's journal. */
export interface JournalEntry {
  dispatchNumber: number;
  intendedAt: UnixMs;
  /** Null: it is not known what came of it. */
  outcome: string | null;
}

export interface OpenAction {
  action: Action;
  journal: JournalEntry | null;
}

// The state is a parameter for the reason of `settle-actions`.
const LOAD = statement(
  "load-open-actions",
  `SELECT a.*, j.dispatch_number, j.intended_at, j.outcome
   FROM unnest($1::text[], $2::text[]) AS k(environment_id, action_id)
   JOIN action a USING (environment_id, action_id)
   LEFT JOIN LATERAL (
     SELECT dispatch_number, intended_at, outcome FROM dispatch_journal
     WHERE environment_id = a.environment_id AND action_id = a.action_id
     ORDER BY dispatch_number DESC LIMIT 1) AS j ON true
   WHERE a.state = (SELECT $3)`,
);

interface OpenActionRow extends ActionRow {
  dispatch_number: number | null;
  intended_at: UnixMs | null;
  outcome: string | null;
}

/** @returns those that are still open */
export async function loadOpenActions(
  storage: Storage,
  keys: OpenActionKey[],
): Promise<OpenAction[]> {
  const rows = await storage.query<OpenActionRow>(LOAD, [
    keys.map((key) => key.environmentId),
    keys.map((key) => key.actionId),
    "acknowledged",
  ]);
  return rows.map((row) => {
    const { dispatch_number: dispatchNumber, intended_at: intendedAt, outcome } = row;
    const journal =
      dispatchNumber === null || intendedAt === null
        ? null
        : { dispatchNumber, intendedAt, outcome };
    return { action: actionFromRow(row), journal };
  });
}
