/** Which of the hosts is the primary to use, from what each of them says. Pure. */
import type { ServerState } from "./server-state.ts";
import type { Timelines } from "./timelines.ts";

/** What is known of the cluster before a host is asked. */
export interface Known {
  timelines: Timelines;
  /** Of the primary used first; undefined before, and where it does not tell. */
  systemId: string | undefined;
}

/** Why this server must not be used, for people; undefined when it may. */
export function objectionTo(state: ServerState, known: Known): string | undefined {
  const { writable, standby, timeline, systemId } = state;
  if (systemId !== undefined && known.systemId !== undefined && systemId !== known.systemId) {
    return `belongs to another database cluster (system identifier ${systemId}, not ${known.systemId})`;
  }
  if (standby) return "is a standby, read-only until it is promoted";
  if (!writable) return "is read-only (default_transaction_read_only)";
  if (systemId === undefined || timeline === undefined) return undefined;
  const highest = known.timelines.highest(systemId);
  if (timeline >= highest) return undefined;
  const { file } = known.timelines;
  const remedy =
    file === undefined ? "" : `; if that was on purpose (a restored backup), delete ${file}`;
  return (
    `is an older primary (timeline ${timeline}; timeline ${highest} was seen): ` +
    `another server was promoted in its place${remedy}`
  );
}
