/** Whether the database answers, for the health check. */
import type { UnixMs } from "../../core/types.ts";
import { statement, type Storage } from "../storage.ts";

const PING = statement(
  "ping",
  "SELECT NOT pg_is_in_recovery() AS writable, clock_timestamp() AS now",
);

/** @returns whether it takes writes, and its time; rejects when it does not answer */
export async function ping(storage: Storage): Promise<{ writable: boolean; now: UnixMs }> {
  const [row] = await storage.query<{ writable: boolean; now: UnixMs }>(PING, []);
  if (row === undefined) throw new Error("The database gave no answer to a ping.");
  return row;
}
