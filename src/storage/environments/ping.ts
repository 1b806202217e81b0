/** Whether the database answers, for the health check. */
import { statement, type Storage } from "../storage.ts";

const PING = statement("ping", "SELECT NOT pg_is_in_recovery() AS writable");

/** @returns whether it takes writes; rejects when it does not answer */
export async function ping(storage: Storage): Promise<boolean> {
  const [row] = await storage.query<{ writable: boolean }>(PING, []);
  return row?.writable === true;
}
